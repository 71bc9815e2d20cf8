import { status } from '@grpc/grpc-js'
import type { RpcError } from '@quartet/rpc'
import type { JWK } from 'jose'
import { remoteKeys } from './remote-keys.ts'
import { serveAuth, signingKey, silentPeer, untilItWorks } from './testing/issuer.ts'
import { createVerify } from './verify.ts'

const [first, second] = await Promise.all([signingKey('first'), signingKey('second')])
const closing: { close(): void }[] = []
afterEach(() => closing.splice(0).forEach((one) => one.close()))

/** An issuer, how often it was asked, and whoever verifies by its keys. */
const issuer = async (answer: () => unknown) => {
  const asked = { times: 0 }
  const served = await serveAuth({
    async getJwks() {
      asked.times++
      return { contentType: 'application/jwk-set+json', data: Buffer.from(JSON.stringify(await answer())) }
    },
  })
  const errors: unknown[] = []
  const keys = remoteKeys(served.client, { onError: (error) => errors.push(error) })
  closing.push(keys, served)
  return { ...served, asked, errors, verify: createVerify(keys.find) }
}

const of = (...keys: { jwk: JWK }[]) => ({ keys: keys.map(({ jwk }) => jwk) })

test('any number of callers at once have the keys fetched once', async () => {
  const { verify, asked } = await issuer(() => of(first))
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => first.token({ sub: `u${i}` })))
  const callers = await Promise.all(tokens.map(async (token) => verify(token)))
  expect(callers.map((caller) => 'id' in caller && caller.id)).toEqual(tokens.map((_, i) => `u${i}`))
  expect(asked.times).toBe(1)
})

test('a key that is unknown has them fetched again, and whoever makes keys up at most once a second', async () => {
  const published = [first]
  const { verify, asked } = await issuer(() => of(...published))
  await verify(await first.token())
  published.push(second)
  const began = performance.now()
  const token = await second.token()
  // Until a second has passed since they were fetched, nobody looks again.
  expect(await untilItWorks(() => verify(token))).toMatchObject({ id: 'u1' })
  const times = asked.times
  expect(times).toBe(2)

  const madeUp = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => (await signingKey(`no${i}`)).token()),
  )
  const outcomes = await Promise.allSettled(madeUp.map(async (one) => verify(one)))
  expect(outcomes.map((one) => one.status === 'rejected' && one.reason.reason)).toEqual(
    madeUp.map(() => 'TOKEN_INVALID'),
  )
  expect(asked.times).toBeLessThanOrEqual(times + Math.ceil((performance.now() - began) / 1000))
})

test('the keys outlive their issuer; what they do not know is UNAVAILABLE then, not refused', async () => {
  const { verify, stop } = await issuer(() => of(first))
  await verify(await first.token())
  stop()
  expect(await verify(await first.token({ sub: 'u2' }))).toMatchObject({ id: 'u2' })
  const token = await second.token()
  const refusal = () => Promise.resolve(verify(token)).catch((error: unknown) => error)
  // Until a second has passed since the issuer was asked, its answer stands: it has no such key.
  const unavailable = async () => {
    const error = (await refusal()) as RpcError
    if (error.reason === 'TOKEN_INVALID') throw error
    return error
  }
  expect(await untilItWorks(unavailable)).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'SIGNING_KEYS_UNAVAILABLE',
  })
  expect(await verify(await first.token({ sub: 'u3' }))).toMatchObject({ id: 'u3' })
})

test('an issuer that does not answer is UNAVAILABLE before the caller’s own time is up', async () => {
  const { verify, asked } = await issuer(() => new Promise(() => {}))
  const verified = Promise.resolve(verify(await first.token()))
  await expect(verified).rejects.toMatchObject({ code: status.UNAVAILABLE })
  expect(asked.times).toBe(1)
})

test('a peer that takes the call and never answers is given up long before a caller would be', async () => {
  const silent = await silentPeer()
  const keys = remoteKeys(silent.client, { onError: () => {} })
  closing.push(keys, silent)
  const verified = Promise.resolve(createVerify(keys.find)(await first.token()))
  await expect(verified).rejects.toMatchObject({ code: status.UNAVAILABLE })
  // What the contract leaves it are five seconds, as long as many a caller waits.
  expect(silent.timeoutsMs[0]).toBeLessThanOrEqual(3_000)
})

test.each<[string, unknown]>([
  ['no keys', { keys: [] }],
  ['something else', { error: 'none here' }],
  ['a list that is none', { keys: ['x'] }],
])('%s in place of keys: UNAVAILABLE until there are some', async (_, answer) => {
  let sane = false
  const { verify, errors } = await issuer(() => (sane ? of(first) : answer))
  const token = await first.token()
  await expect(verify(token)).rejects.toMatchObject({ code: status.UNAVAILABLE })
  expect(errors).toHaveLength(1)
  sane = true
  // It looks again by itself.
  expect(await untilItWorks(() => verify(token))).toMatchObject({ id: 'u1' })
})
