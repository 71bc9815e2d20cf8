import { status } from '@grpc/grpc-js'
import { Health } from '@quartet/proto/grpc'
import { createClient } from './client/client.ts'
import { healthCheck } from './client/health-check.ts'
import { failure, serve, userId } from './testing/serve.ts'

test('drain: NOT_SERVING first, then streams are told to go on elsewhere, running calls finish', async () => {
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const served = await serve({
    async getUser() {
      started.resolve()
      await finish.promise
      return {}
    },
    async *watchUsers(_, { signal }) {
      yield {}
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  const health = createClient(Health, { target: served.target })
  const watched = collectInto(health.watch({ service: '' }))
  const stream = served.client.watchUsers({})[Symbol.asyncIterator]()
  await stream.next()
  const call = served.client.getUser({ userId })
  await started.promise

  const drained = served.server.drain({ acceptMs: 1_500, graceMs: 10_000 })
  expect(
    await healthCheck({ target: served.target, service: 'readiness', signal: AbortSignal.timeout(5_000) }),
  ).toBe('NOT_SERVING')
  expect(
    await healthCheck({ target: served.target, service: 'liveness', signal: AbortSignal.timeout(5_000) }),
  ).toBe('SERVING')
  expect(await failure(stream.next())).toMatchObject({ code: status.UNAVAILABLE, reason: 'DRAINING' })
  finish.resolve()
  await call
  await drained
  expect(await failure(watched.done)).toMatchObject({ code: status.UNAVAILABLE })
  expect(watched.all).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }])
  expect(served.lines.filter(({ msg }) => String(msg).startsWith('drain')).map(({ msg }) => msg)).toEqual([
    'drain: NOT_SERVING, still accepting',
    'drain: streams ended, calls finishing',
    'drain: done',
  ])
  health.close()
  served.close()
})

test('what does not finish within the grace is cut with UNAVAILABLE', async () => {
  const started = Promise.withResolvers<void>()
  const served = await serve({
    async getUser() {
      started.resolve()
      return new Promise(() => {})
    },
  })
  const call = failure(served.client.getUser({ userId }, { timeoutMs: 15_000 }))
  await started.promise
  served.client.close()
  await served.server.drain({ acceptMs: 0, graceMs: 50 })
  expect(await call).toMatchObject({ code: status.UNAVAILABLE })
})

const collectInto = <T>(stream: AsyncIterable<T>) => {
  const all: T[] = []
  const done = (async () => {
    for await (const one of stream) all.push(one)
  })()
  done.catch(() => {}) // looked at later
  return { all, done }
}
