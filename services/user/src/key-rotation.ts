import { randomUUID } from 'node:crypto'
import { algorithm, keyCacheMs } from '@quartet/auth'
import { exportJWK, generateKeyPair } from 'jose'
import { accessTokenSeconds } from './access-token.ts'
import type { Prisma, PrismaClient } from './generated/prisma/client.ts'
import type { KeySealing, StoredKey } from './key-sealing.ts'
import { maxAgeMs } from './signing-keys.ts'

/**
 * How long a key is published before it signs, in milliseconds: a replica may answer with what it read a while ago, and
 * the other services, like Envoy, keep that answer for the cache period.
 */
const leadMs = keyCacheMs + 2 * maxAgeMs
/** How much longer than its last token a key is published, in milliseconds: clocks differ. */
const slackMs = 60_000

/**
 * How the keys that sign access tokens come and go: a key is published first, signs once every verifier has met it, and is
 * published until the last token that it signed has expired. Any number of replicas may do any of this at once: one
 * works, the others wait for it.
 */
export const keyRotation = (prisma: PrismaClient, sealing: KeySealing, times = { leadMs }) => {
  const alone = <T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> =>
    prisma.$transaction(async (tx) => {
      await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('signing_keys'))`
      return work(tx)
    })

  /** A key that signs from `notBefore` on, in place of whichever would have then. */
  const create = async (tx: Prisma.TransactionClient, notBefore: Date): Promise<void> => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    const kid = randomUUID()
    const named = { kid, alg: algorithm, use: 'sig' }
    const expiresAt = new Date(notBefore.getTime() + accessTokenSeconds * 1000 + slackMs)
    await tx.signingKey.updateMany({
      where: { OR: [{ retiresAt: null }, { retiresAt: { gt: notBefore } }] },
      data: { retiresAt: notBefore, expiresAt },
    })
    const privateJwk = await sealing.seal({ ...(await exportJWK(privateKey)), ...named })
    await tx.signingKey.create({
      data: {
        kid,
        privateJwk: privateJwk as Prisma.InputJsonValue,
        publicJwk: { ...(await exportJWK(publicKey)), ...named },
        notBefore,
      },
    })
  }

  /** The keys that sign now or will. */
  const signing = (tx: Prisma.TransactionClient, now: Date) =>
    tx.signingKey.findMany({ where: { OR: [{ retiresAt: null }, { retiresAt: { gt: now } }] } })

  return {
    /**
     * Creates the first key if there is none, and seals again what an older secret has sealed.
     *
     * @param options.replaceLost whether keys that no secret opens have a successor at once, of which Envoy hears within
     * its cache period; for demonstrations.
     * @throws Error in one line where no secret opens them, and they are not replaced.
     */
    ensure: ({ replaceLost }: { readonly replaceLost: boolean }): Promise<void> =>
      alone(async (tx) => {
        const now = new Date()
        const signers = await signing(tx, now)
        let lost = false
        for (const { kid, privateJwk } of signers) {
          const opened = await sealing.open(privateJwk as StoredKey)
          if (!opened) lost = true
          else if (!opened.isCurrent) {
            const sealed = await sealing.seal(opened.jwk)
            const data = { privateJwk: sealed as Prisma.InputJsonValue }
            await tx.signingKey.update({ where: { kid }, data })
          }
        }
        if (lost && !replaceLost) throw otherSecret()
        // The very first can sign at once: nobody could have cached a list without it.
        if (lost || signers.length === 0) await create(tx, now)
      }),

    /**
     * Creates the next key, and forgets those whose last token has expired. Returns from when on it signs; undefined where
     * the last one is younger than `ifOlderThanMs`, and stays.
     *
     * @param options.atOnce signs with it now and accepts no other: for a key that leaked. Whoever has a token needs a new
     * one, and Envoy hears of the key within its cache period.
     * @throws Error in one line where our secret is not the services': they could not sign with the key.
     */
    rotate: ({ ifOlderThanMs = 0, atOnce = false } = {}): Promise<Date | undefined> =>
      alone(async (tx) => {
        const now = new Date()
        const createdAt = { gt: new Date(now.getTime() - ifOlderThanMs) }
        if (ifOlderThanMs && (await tx.signingKey.count({ where: { createdAt } })) > 0) return undefined
        if (!atOnce)
          for (const { privateJwk } of await signing(tx, now))
            if (!(await sealing.open(privateJwk as StoredKey))) throw otherSecret()
        const notBefore = atOnce ? now : new Date(now.getTime() + times.leadMs)
        await create(tx, notBefore)
        const expiresAt = { lte: now }
        await tx.signingKey.deleteMany({ where: atOnce ? { retiresAt: { not: null } } : { expiresAt } })
        return notBefore
      }),
  }
}

const otherSecret = () =>
  new Error(
    'QUARTET_KEY_SECRET_FILE: the signing keys in the database are encrypted with another secret; add that one to the file as its second line, or, if it is lost, replace the keys: npm run keys:rotate -- --now',
  )
