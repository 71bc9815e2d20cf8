import { join } from 'node:path'
import { audience, issuer, keyCacheMs } from '@quartet/auth'
import { prismaOptions } from '@quartet/database'
import { testDatabase } from '@quartet/testing'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { signAccessToken } from './access-token.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { keyRotation } from './key-rotation.ts'
import { keySealing } from './key-sealing.ts'
import { maxAgeMs as readForMs, signingKeys } from './signing-keys.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')
const database = await testDatabase({ migrations })
const prisma = new PrismaClient(prismaOptions(database.pool))
afterAll(() => database.drop())
beforeEach(() => database.pool.query('delete from signing_keys'))

const [one, other] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
const subject = { userId: 'u1', role: 'VIEWER', sessionId: 's1' } as const

/** A replica, which reads the keys anew for each use unless it is told otherwise. */
const replica = (secrets: string[] = [one], { leadMs = 60_000, maxAgeMs = 0 } = {}) => {
  const sealing = keySealing(secrets)
  const keys = signingKeys(prisma, sealing, { maxAgeMs, minAgeMs: maxAgeMs })
  return {
    ...keyRotation(prisma, sealing, { leadMs }),
    jwks: keys.jwks,
    sign: async () => signAccessToken(await keys.current(), subject),
    kid: async () => (await keys.current()).kid,
  }
}
const start = async (...given: Parameters<typeof replica>) => {
  const started = replica(...given)
  await started.ensure({ replaceLost: false })
  return started
}
const stored = async () =>
  (await database.pool.query('select * from signing_keys order by created_at')).rows as Record<
    string,
    unknown
  >[]
/** As if so much time had gone by. */
const pass = (ms: number) =>
  database.pool.query(
    `update signing_keys set created_at = created_at - $1::interval, not_before = not_before - $1::interval,
       retires_at = retires_at - $1::interval, expires_at = expires_at - $1::interval`,
    [`${ms} milliseconds`],
  )

test('any number of replicas that start at once agree on one key, which the database holds encrypted', async () => {
  const replicas = await Promise.all(Array.from({ length: 5 }, () => start()))
  const kids = await Promise.all(replicas.map(({ kid }) => kid()))
  expect(new Set(kids).size).toBe(1)
  const [row] = await stored()
  expect(row!['private_jwk']).toMatch(/^eyJ/)
  const { d } = (await keySealing([one]).open(row!['private_jwk'] as string))!.jwk
  expect(JSON.stringify(await stored())).not.toContain(d)
  expect(JSON.stringify(await replicas[0]!.jwks())).not.toContain('"d"')
})

test('a new key is published first, then signs, and the old one is published as long as its tokens live', async () => {
  const keys = await start()
  const old = await keys.kid()
  const signsFrom = await keys.rotate()
  const published = async () => (await keys.jwks()).keys.map(({ kid }) => kid)
  expect(await published()).toHaveLength(2)
  expect(await keys.kid()).toBe(old)
  expect(signsFrom!.getTime() - Date.now()).toBeGreaterThan(55_000)

  await pass(61_000)
  expect(await keys.kid()).not.toBe(old)
  expect(await published()).toContain(old)
  await pass(15 * 60_000)
  expect(await published()).toContain(old)
  await pass(60_000)
  expect(await published()).toEqual([await keys.kid()])
  await keys.rotate()
  expect(await stored()).toHaveLength(2)
})

test('unless told otherwise, every verifier has looked again before a new key signs', async () => {
  const rotation = keyRotation(prisma, keySealing([one]))
  await rotation.ensure({ replaceLost: false })
  const published = Date.now()
  const signsFrom = await rotation.rotate()
  // The last replica that has not seen it answers with what it read so long ago, and that answer is kept.
  expect(signsFrom!.getTime() - published).toBeGreaterThan(readForMs + keyCacheMs)
})

test('on schedule a key is replaced once it is old, whichever of the replicas is first', async () => {
  const replicas = await Promise.all([start(), start(), start()])
  const day = { ifOlderThanMs: 24 * 60 * 60_000 }
  const rotateAll = () => Promise.all(replicas.map(({ rotate }) => rotate(day)))
  expect(await rotateAll()).toEqual([undefined, undefined, undefined])
  await pass(day.ifOlderThanMs)
  expect((await rotateAll()).filter((signsFrom) => signsFrom !== undefined)).toHaveLength(1)
  expect(await stored()).toHaveLength(2)
})

test('at once: the new key signs, and the old one is not published any more', async () => {
  const keys = await start()
  const old = await keys.kid()
  await keys.rotate() // one that is only announced goes too
  await keys.rotate({ atOnce: true })
  expect(await keys.kid()).not.toBe(old)
  expect((await keys.jwks()).keys.map(({ kid }) => kid)).toEqual([await keys.kid()])
})

test('a new secret above the old one seals the keys again; then the old one can go', async () => {
  const kid = await (await start([one])).kid()
  expect(await (await start([other, one])).kid()).toBe(kid)
  expect(await (await start([other])).kid()).toBe(kid)
})

test('a replica that has only the old secret yet signs on with the keys that were sealed again', async () => {
  const waiting = await start([one])
  const kid = await waiting.kid()
  await start([other, one])
  expect(decodeProtectedHeader(await waiting.sign()).kid).toBe(kid)
})

test('with another secret no key is announced, which nobody could sign with; at once one is', async () => {
  const keys = await start([one])
  const stranger = replica([other])
  await expect(stranger.rotate()).rejects.toThrow(/^QUARTET_KEY_SECRET_FILE: .*another secret[^\n]*$/)
  expect((await keys.jwks()).keys).toHaveLength(1)
  await stranger.rotate({ atOnce: true })
  expect((await keys.jwks()).keys.map(({ kid }) => kid)).toEqual([await stranger.kid()])
})

test('keys of the demo, in the clear, are sealed once there is a secret', async () => {
  const kid = await (await start([])).kid()
  expect((await stored())[0]!['private_jwk']).toHaveProperty('d')
  expect(await (await start([one])).kid()).toBe(kid)
  expect(JSON.stringify(await stored())).not.toContain('"d"')
})

test('with another secret there is no start, but in a demo a new key, and the old tokens stay good', async () => {
  const before = await start([one])
  const [old, token] = [await before.kid(), await before.sign()]
  await before.rotate()
  await expect(start([other])).rejects.toThrow(/^QUARTET_KEY_SECRET_FILE: .*another secret[^\n]*$/)
  const demo = replica([other])
  await demo.ensure({ replaceLost: true })
  expect(await demo.kid()).not.toBe(old)
  await jwtVerify(token, createLocalJWKSet(await demo.jwks()), { issuer, audience })
  // The announced one would have taken over by now, and nobody can sign with it.
  await pass(61_000)
  expect(decodeProtectedHeader(await demo.sign()).kid).toBe(await demo.kid())
})

test('rotation under load: two replicas sign, two verifiers keep the keys as long as they may, no token is refused', async () => {
  // The times of the real thing, a thousand times faster: what is read is kept 10 ms, keys are kept 300 ms, the lead is
  // their sum and as much again as a busy machine may add.
  const maxAgeMs = 10
  const cacheMs = 300
  const leadMs = 1_000
  const replicas = await Promise.all([start([one], { leadMs, maxAgeMs }), start([one], { leadMs, maxAgeMs })])
  // Like Envoy: an unknown key is not asked for, however valid its token.
  const verifier = async (from: (typeof replicas)[number]) => {
    let find = createLocalJWKSet(await from.jwks())
    let until = performance.now() + cacheMs
    return async (token: string) => {
      if (performance.now() > until) {
        find = createLocalJWKSet(await from.jwks())
        until = performance.now() + cacheMs
      }
      await jwtVerify(token, find, { issuer, audience })
    }
  }
  const verifiers = await Promise.all(replicas.map(verifier))
  const kids = new Set<string>()
  let refused = 0
  const old: string[] = []
  const deadline = performance.now() + 20_000
  for (let rotations = 0; kids.size < 3 && performance.now() < deadline;) {
    if (rotations < 2 && kids.size > rotations) {
      rotations++
      await replicas[0]!.rotate()
    }
    const tokens = await Promise.all(replicas.map(({ sign }) => sign()))
    for (const token of tokens) {
      const { kid } = decodeProtectedHeader(token)
      if (!kids.has(kid!)) old.push(token)
      kids.add(kid!)
    }
    for (const token of [...tokens, ...old])
      for (const verify of verifiers) await verify(token).catch(() => refused++)
  }
  expect(refused).toBe(0)
  expect(kids.size).toBe(3)
}, 60_000)
