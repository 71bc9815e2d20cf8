import { algorithm } from '@quartet/auth'
import { importJWK, type CryptoKey, type JWK } from 'jose'
import type { SigningKey } from './access-token.ts'
import type { PrismaClient } from './generated/prisma/client.ts'
import type { KeySealing, StoredKey } from './key-sealing.ts'

/** How long the keys read from the database are used before they are read again, in milliseconds. */
export const maxAgeMs = 10_000
/** An unknown `kid` makes us look again at once, but not more often than this: it may be made up. */
const minAgeMs = 1_000

export type SigningKeys = ReturnType<typeof signingKeys>

/** The keys that sign and verify access tokens, the same for all replicas. key-rotation.ts makes and replaces them. */
export const signingKeys = (prisma: PrismaClient, sealing: KeySealing, ages = { maxAgeMs, minAgeMs }) => {
  let read: { at: number; keys: Promise<Keys> } | undefined
  /** Those opened so far: another replica, that has a newer secret already, may have sealed them again. */
  const opened = new Map<string, CryptoKey>()

  const keys = (maxAge: number): Promise<Keys> => {
    if (!read || performance.now() - read.at > maxAge) {
      const reading = readKeys(prisma, sealing, opened)
      read = { at: performance.now(), keys: reading }
      // What could not be read is not kept.
      reading.catch(() => (read = undefined))
    }
    return read.keys
  }

  return {
    /** The key to sign with now. All replicas change to a new one at the same moment: they have known of it for a while. */
    async current(): Promise<SigningKey> {
      const { signers } = await keys(ages.maxAgeMs)
      const now = new Date()
      const signer = signers.find(
        ({ notBefore, retiresAt }) => notBefore <= now && (!retiresAt || retiresAt > now),
      )
      if (signer?.privateKey) return { kid: signer.kid, privateKey: signer.privateKey }
      throw new Error('there is no signing key that can be used: the service makes sure of one at its start')
    },

    /** All public keys whose tokens may still be valid, or will be (RFC 7517). */
    jwks: async (): Promise<{ keys: JWK[] }> => ({ keys: (await keys(ages.maxAgeMs)).published }),

    /** The key that signed a token, for `createVerify` of libs/auth. Undefined: nobody here knows it. */
    async find(kid: string | undefined): Promise<CryptoKey | undefined> {
      const known = (await keys(ages.maxAgeMs)).publicKeys.get(kid ?? '')
      return known ?? (await keys(ages.minAgeMs)).publicKeys.get(kid ?? '')
    },
  }
}

interface Keys {
  /** The newest first. */
  readonly signers: readonly {
    readonly kid: string
    readonly notBefore: Date
    readonly retiresAt: Date | null
    /** Undefined: sealed with a secret that is not ours. */
    readonly privateKey: CryptoKey | undefined
  }[]
  readonly published: JWK[]
  readonly publicKeys: Map<string, CryptoKey>
}

const readKeys = async (
  prisma: PrismaClient,
  sealing: KeySealing,
  opened: Map<string, CryptoKey>,
): Promise<Keys> => {
  const rows = await prisma.signingKey.findMany({
    where: { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
    orderBy: { notBefore: 'desc' },
  })
  const published = rows.map(({ publicJwk }) => publicJwk as JWK)
  const signers = rows.map(async ({ kid, notBefore, retiresAt, privateJwk }) => {
    if (!opened.has(kid)) {
      const stored = await sealing.open(privateJwk as StoredKey)
      if (stored) opened.set(kid, await toKey(stored.jwk))
    }
    return { kid, notBefore, retiresAt, privateKey: opened.get(kid) }
  })
  const publicKeys = published.map(async (jwk) => [jwk.kid!, await toKey(jwk)] as const)
  return {
    signers: await Promise.all(signers),
    published,
    publicKeys: new Map(await Promise.all(publicKeys)),
  }
}

const toKey = async (jwk: JWK) => (await importJWK(jwk, algorithm)) as CryptoKey
