import { once } from 'node:events'
import { status } from '@grpc/grpc-js'
import { RpcError } from '../errors.ts'
import { collect, failure, serve } from '../testing/serve.ts'

type Served = Awaited<ReturnType<typeof serve>>
let served: Served
afterEach(() => served.close())

/** Requests that never end. `returned` resolves when somebody has told them to. */
const endless = <T>(first: T) => {
  const returned = Promise.withResolvers<void>()
  let sent = false
  const requests: AsyncIterableIterator<T> = {
    next: () =>
      sent ? new Promise(() => {}) : ((sent = true), Promise.resolve({ done: false, value: first })),
    async return() {
      returned.resolve()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => requests,
  }
  return { requests, returned: returned.promise }
}
const user = { user: { name: 'n', email: 'e@example.org' } }
const sync = { sequence: '1', update: { user: {} } }

describe('requests that never end', () => {
  test('a client stream is over when the server has answered', async () => {
    served = await serve({
      async batchCreateUsers(requests) {
        for await (const _ of requests) return { createdCount: 1 }
        return {}
      },
    })
    const { requests, returned } = endless(user)
    expect((await served.client.batchCreateUsers(requests)).createdCount).toBe(1)
    await returned
  })

  test('a refused one too', async () => {
    served = await serve({
      async batchCreateUsers() {
        throw new RpcError(status.FAILED_PRECONDITION, 'NOT_NOW')
      },
    })
    const { requests, returned } = endless(user)
    expect(await failure(served.client.batchCreateUsers(requests))).toMatchObject({ reason: 'NOT_NOW' })
    await returned
  })

  test('a bidirectional one is over when the server or the reader has ended it', async () => {
    served = await serve({
      async *syncUsers(requests) {
        for await (const { sequence } of requests) {
          yield { sequence }
          if (sequence === '1') return
        }
      },
    })
    const byServer = endless(sync)
    expect(await collect(served.client.syncUsers(byServer.requests))).toHaveLength(1)
    await byServer.returned
    const byReader = endless({ ...sync, sequence: '2' })
    for await (const _ of served.client.syncUsers(byReader.requests)) break
    await byReader.returned
  })
})

test('what the requests throw is what the reader of a bidirectional call gets', async () => {
  served = await serve({
    async *syncUsers(requests) {
      for await (const { sequence } of requests) yield { sequence }
    },
  })
  async function* failing() {
    yield* [sync, sync, sync]
    throw new Error('the disk is gone')
  }
  await expect(collect(served.client.syncUsers(failing()))).rejects.toThrow('the disk is gone')
})

test.each<[string, unknown]>([
  ['an array', [{}]],
  ['a message', {}],
  ['nothing', undefined],
])('%s in place of requests is a TypeError at once', async (_, requests) => {
  served = await serve({})
  const { client } = served
  const given = requests as AsyncIterable<object>
  expect(await failure(client.batchCreateUsers(given))).toBeInstanceOf(TypeError)
  expect(() => client.syncUsers(given)).toThrow(/^the requests of a stream are an async iterable/)
})

test('requests that cannot even begin fail the call', async () => {
  served = await serve({})
  const { client } = served
  const odd = () => ({
    [Symbol.asyncIterator]() {
      throw new Error('no iterator today')
    },
  })
  expect(await failure(client.batchCreateUsers(odd()))).toMatchObject({ message: 'no iterator today' })
  expect(await failure(collect(client.syncUsers(odd())))).toMatchObject({ message: 'no iterator today' })
})

describe('a stream that nobody reads', () => {
  test('is not begun', async () => {
    let begun = 0
    served = await serve({
      getUser: async () => ({}),
      async *watchUsers() {
        begun++
        yield {}
      },
    })
    served.client.watchUsers({})
    const left = served.client.watchUsers({})[Symbol.asyncIterator]()
    await left.return!()
    await served.client.getUser({ userId: '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e' })
    expect(begun).toBe(0)
  })

  test('and was begun ends with its deadline, on both sides, and ends no process', async () => {
    const ended = Promise.withResolvers<unknown>()
    served = await serve({
      async *watchUsers(_, { signal }) {
        yield {}
        await once(signal, 'abort')
        ended.resolve(signal.reason)
        throw signal.reason
      },
    })
    const abandoned = served.client.watchUsers({}, { timeoutMs: 1_500 })[Symbol.asyncIterator]()
    await abandoned.next()
    // The client's own clock may be first: then it is a cancel that arrives.
    const { code } = (await ended.promise) as { code: status }
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(code)
  })

  test('ends when it is left, also while it waits for a message', async () => {
    const ended = Promise.withResolvers<unknown>()
    served = await serve({
      async *watchUsers(_, { signal }) {
        yield {}
        await once(signal, 'abort')
        ended.resolve(signal.reason)
        throw signal.reason
      },
    })
    const stream = served.client.watchUsers({})[Symbol.asyncIterator]()
    await stream.next()
    const waiting = stream.next()
    await stream.return!()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await ended.promise).toMatchObject({ code: status.CANCELLED })
  })
})

test('a writer waits for a server that does not read', async () => {
  const release = Promise.withResolvers<void>()
  served = await serve({
    async batchCreateUsers(requests) {
      await release.promise
      return { createdCount: (await collect(requests)).length }
    },
  })
  let made = 0
  const big = { user: { name: 'x'.repeat(100), email: 'e@example.org', tags: ['x'.repeat(500_000)] } }
  async function* requests() {
    for (; made < 60; made++) yield big
    yield { commit: { count: 60 } }
  }
  const call = served.client.batchCreateUsers(requests())
  // The windows of both ends take 8 MiB and grpc-js some messages; 60 would be 30 MB.
  while (made < 16) await new Promise(setImmediate)
  for (let turn = 0; turn < 2_000; turn++) await new Promise(setImmediate)
  expect(made).toBeLessThan(50)
  release.resolve()
  expect((await call).createdCount).toBe(61)
})
