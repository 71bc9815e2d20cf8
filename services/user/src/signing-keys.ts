import { randomUUID } from 'node:crypto'
import { algorithm } from '@quartet/auth'
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'
import type { SigningKey } from './access-token.ts'
import type { PrismaClient } from './generated/prisma/client.ts'

/** How long the keys read from the database are used before they are read again, in milliseconds. */
const maxAgeMs = 60_000
/** An unknown `kid` makes us look again at once, but not more often than this: it may be made up. */
const minAgeMs = 1_000

export type SigningKeys = ReturnType<typeof signingKeys>

/** The keys that sign and verify access tokens: created on the first start, the same for all replicas. */
export const signingKeys = (prisma: PrismaClient) => {
  let read: { at: number; keys: Promise<Keys> } | undefined

  const keys = (maxAge: number): Promise<Keys> => {
    if (!read || performance.now() - read.at > maxAge) {
      const reading = readKeys(prisma)
      read = { at: performance.now(), keys: reading }
      // What could not be read is not kept.
      reading.catch(() => (read = undefined))
    }
    return read.keys
  }

  return {
    /** The key to sign with now. */
    current: async (): Promise<SigningKey> => (await keys(maxAgeMs)).current,

    /** All public keys whose tokens may still be valid (RFC 7517). */
    jwks: async (): Promise<{ keys: JWK[] }> => ({ keys: (await keys(maxAgeMs)).published }),

    /** The key that signed a token, for `createVerify` of libs/auth. Undefined: nobody here knows it. */
    async find(kid: string | undefined): Promise<CryptoKey | undefined> {
      const known = (await keys(maxAgeMs)).publicKeys.get(kid ?? '')
      return known ?? (await keys(minAgeMs)).publicKeys.get(kid ?? '')
    },

    /** Creates the first key if there is none. One of any number of replicas does, the others wait for it. */
    async ensure(): Promise<void> {
      await prisma.$transaction(async (tx) => {
        await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('signing_keys'))`
        if ((await tx.signingKey.count({ where: { retiresAt: null } })) > 0) return
        const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
        const kid = randomUUID()
        const named = { kid, alg: algorithm, use: 'sig' }
        await tx.signingKey.create({
          data: {
            kid,
            privateJwk: { ...(await exportJWK(privateKey)), ...named },
            publicJwk: { ...(await exportJWK(publicKey)), ...named },
            // There is nobody yet who could have cached a list without it.
            notBefore: new Date(),
          },
        })
      })
    },
  }
}

interface Keys {
  readonly current: SigningKey
  readonly published: JWK[]
  readonly publicKeys: Map<string, CryptoKey>
}

const readKeys = async (prisma: PrismaClient): Promise<Keys> => {
  const now = new Date()
  const rows = await prisma.signingKey.findMany({
    where: { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    orderBy: { notBefore: 'desc' },
  })
  // The newest that may sign already; a newer one is only announced.
  const signing = rows.find(({ notBefore, retiresAt }) => notBefore <= now && (!retiresAt || retiresAt > now))
  if (!signing) throw new Error('there is no signing key: the service makes one at its start')
  const published = rows.map(({ publicJwk }) => publicJwk as JWK)
  return {
    current: { kid: signing.kid, privateKey: await toKey(signing.privateJwk as JWK) },
    published,
    publicKeys: new Map(
      await Promise.all(published.map(async (jwk) => [jwk.kid!, await toKey(jwk)] as const)),
    ),
  }
}

const toKey = async (jwk: JWK) => (await importJWK(jwk, algorithm)) as CryptoKey
