import { once } from 'node:events'
import { constants } from 'node:http2'
import { status } from '@grpc/grpc-js'
import type { CallOptions } from './client/call-options.ts'
import type { Context } from './context.ts'
import { RpcError } from './errors.ts'
import { collect, failure, serve, userId } from './testing/serve.ts'
import { closed, field, frame, statusSent, wire } from './testing/wire.ts'

// Whatever happens to a call happens to all four kinds alike.

type Served = Awaited<ReturnType<typeof serve>>
type Client = Served['client']
let served: Served
let peer: ReturnType<typeof wire> | undefined
afterEach(() => {
  peer?.close()
  peer = undefined
  served.close()
})

/** What a handler does: before its first answer, and between that one and the end, where its kind has such a time. */
interface Script {
  readonly before?: (context: Context) => Promise<void>
  readonly after?: (context: Context) => Promise<void>
  /** Characters in each answer. */
  readonly size?: number
}

const begin = async ({ before, after, size = 1 }: Script, options: Parameters<typeof serve>[1] = {}) => {
  const text = 'x'.repeat(size)
  const through = async (requests: AsyncIterable<object>) => void (await collect(requests))
  served = await serve(
    {
      async getUser(_, context) {
        await before?.(context)
        return { user: { name: text } }
      },
      async *streamUsers(_, context) {
        await before?.(context)
        yield { users: [{ name: text }] }
        await after?.(context)
      },
      async batchCreateUsers(requests, context) {
        await before?.(context)
        await through(requests)
        return { failures: [{ email: text }] }
      },
      async *syncUsers(requests, context) {
        await before?.(context)
        yield { user: { name: text } }
        await after?.(context)
        await through(requests)
      },
    },
    options,
  )
}

async function* several<T>(request: T) {
  for (let i = 0; i < 3; i++) yield request
}

/** Each kind by its method: a call of it with good requests, and the bytes of one of them. */
const kinds = {
  GetUser: {
    call: async (client: Client, options?: CallOptions) => [await client.getUser({ userId }, options)],
    big: (client: Client) => client.updateUser({ userId: 'x'.repeat(5_000_000) }),
    request: frame(field(1, userId)),
  },
  StreamUsers: {
    call: (client: Client, options?: CallOptions) => collect<object>(client.streamUsers({}, options)),
    big: (client: Client) => collect(client.streamUsers({ filter: { tag: 'x'.repeat(5_000_000) } })),
    request: frame(Buffer.alloc(0)),
  },
  BatchCreateUsers: {
    call: async (client: Client, options?: CallOptions) => [
      await client.batchCreateUsers(several({ user: { name: 'n' } }), options),
    ],
    big: (client: Client) => client.batchCreateUsers(several({ user: { name: 'x'.repeat(5_000_000) } })),
    request: frame(field(1, field(2, 'n'))),
  },
  SyncUsers: {
    call: (client: Client, options?: CallOptions) =>
      collect<object>(client.syncUsers(several({ sequence: '1', update: { user: {} } }), options)),
    big: (client: Client) =>
      collect(
        client.syncUsers(several({ sequence: '1', update: { user: { name: 'x'.repeat(5_000_000) } } })),
      ),
    request: frame(Buffer.concat([Buffer.from([0x08, 1]), field(2, field(1, ''))])),
  },
}
const all = Object.keys(kinds) as (keyof typeof kinds)[]
const streamed = ['StreamUsers', 'SyncUsers'] as const

/** A handler that waits until its call is over, and what it is told then. */
const waits = () => {
  const began = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const wait = async ({ signal }: Context) => {
    began.resolve()
    if (!signal.aborted) await once(signal, 'abort')
    ended.resolve(signal.reason)
    throw signal.reason
  }
  return { wait, began: began.promise, ended: ended.promise }
}
const lines = () => served.lines.filter(({ msg }) => msg === 'call').map(({ code }) => code)
/** The line that every call leaves is written when all is over on the server's side. */
const logged = async () => {
  while (!lines().length) await new Promise(setImmediate)
  return lines()
}

describe.each(all)('%s', (name) => {
  const { call, big, request } = kinds[name]

  test('succeeds', async () => {
    await begin({})
    expect(await call(served.client)).toHaveLength(1)
    expect(await logged()).toEqual(['OK'])
  })

  test('fails before the first answer', async () => {
    await begin({ before: () => Promise.reject(new RpcError(status.ABORTED, 'BEFORE')) })
    expect(await failure(call(served.client))).toMatchObject({ code: status.ABORTED, reason: 'BEFORE' })
    expect(await logged()).toEqual(['ABORTED'])
  })

  test('is cancelled', async () => {
    const { wait, began, ended } = waits()
    await begin({ before: wait })
    const controller = new AbortController()
    const result = failure(call(served.client, { signal: controller.signal }))
    await began
    controller.abort()
    expect(await result).toMatchObject({ code: status.CANCELLED })
    expect(await ended).toMatchObject({ code: status.CANCELLED })
    expect(await logged()).toEqual(['CANCELLED'])
  })

  test('runs into its deadline', async () => {
    const { wait, ended } = waits()
    await begin({ before: wait })
    peer = wire(served.target) // which does not cancel when its own clock is the first
    expect(await peer.statusOf(name, request, { 'grpc-timeout': '300m' })).toBe(status.DEADLINE_EXCEEDED)
    expect(await ended).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    expect(await logged()).toEqual(['DEADLINE_EXCEEDED'])
  })

  test('has a peer that is killed', async () => {
    const { wait, began, ended } = waits()
    await begin({ before: wait })
    peer = wire(served.target)
    peer.request(name).end(request)
    await began
    peer.close()
    expect(await ended).toMatchObject({ code: status.CANCELLED })
    expect(await logged()).toEqual(['CANCELLED'])
  })

  test('has a reader that stops: its deadline takes the answer back', async () => {
    await begin({ size: 3_000_000 })
    peer = wire(served.target)
    const stream = peer.request(name, { 'grpc-timeout': '500m' })
    stream.end(request)
    await once(stream, 'response')
    stream.pause()
    await closed(stream)
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
  })

  test('has a writer that stops in the middle of a message', async () => {
    await begin({})
    peer = wire(served.target)
    const stream = peer.request(name, { 'grpc-timeout': '300m' })
    const code = statusSent(stream)
    stream.write(frame(Buffer.alloc(1_000)).subarray(0, 500))
    expect(await code).toBe(status.DEADLINE_EXCEEDED)
    expect(await logged()).toEqual(['DEADLINE_EXCEEDED'])
  })

  test('has a request that is too large', async () => {
    await begin({})
    expect(await failure(big(served.client) as Promise<unknown>)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    })
    expect(await logged()).toEqual(['RESOURCE_EXHAUSTED'])
    expect(await call(served.client)).toHaveLength(1)
  })

  test('has an answer that is too large', async () => {
    await begin({ size: 5_000_000 })
    expect(await failure(call(served.client))).toMatchObject({ code: status.RESOURCE_EXHAUSTED })
  })

  test('is open when the server drains', async () => {
    const { wait, began } = waits()
    await begin({ before: wait })
    const result = failure(call(served.client, { waitForReady: false }))
    await began
    await served.server.drain({ acceptMs: 0, graceMs: 100 })
    expect(await result).toMatchObject({ code: status.UNAVAILABLE })
  })

  test('is refused by two interceptors: the first one counts', async () => {
    const refuse = (reason: string) => ({
      onCall: () => Promise.reject(new RpcError(status.PERMISSION_DENIED, reason)),
    })
    await begin({}, { interceptors: [refuse('FIRST'), refuse('SECOND')] })
    expect(await failure(call(served.client))).toMatchObject({ reason: 'FIRST' })
    expect(await logged()).toEqual(['PERMISSION_DENIED'])
  })
})

describe.each(streamed)('%s', (name) => {
  const { call, request } = kinds[name]

  test('fails after the first answer, which arrives', async () => {
    await begin({ after: () => Promise.reject(new RpcError(status.ABORTED, 'AFTER')) })
    peer = wire(served.target)
    const stream = peer.request(name)
    let bytes = 0
    stream.on('data', (data: Buffer) => (bytes += data.length))
    const code = statusSent(stream)
    stream.end(request)
    expect(await code).toBe(status.ABORTED)
    expect(bytes).toBeGreaterThan(0)
    expect(await failure(call(served.client))).toMatchObject({ reason: 'AFTER' })
  })

  test('is open behind its first answer when the server drains', async () => {
    const { wait, began } = waits()
    await begin({ after: wait })
    const result = failure(call(served.client, { waitForReady: false }))
    await began
    await served.server.drain({ acceptMs: 0, graceMs: 30_000 })
    expect(await result).toMatchObject({ code: status.UNAVAILABLE, reason: 'DRAINING' })
  })
})
