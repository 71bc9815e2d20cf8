import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { setImmediate as turn } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import { createClient } from './client/client.ts'
import { RpcError } from './errors.ts'
import { follow } from './follow.ts'
import { collect, failure, serve } from './testing/serve.ts'

let served: Awaited<ReturnType<typeof serve>> | undefined
const { random } = Math
afterEach(() => {
  served?.close()
  Math.random = random
})

const unlimited = { '/quartet.user.v1.UserService/WatchUsers': { perSecond: 0, maxOpen: 0 } }

/** The HTTP/2 streams that this process serves, in the order in which they came: to be broken from below gRPC. */
const streams: ServerHttp2Stream[] = []
const remember = (message: unknown) => streams.push((message as { stream: ServerHttp2Stream }).stream)
beforeAll(() => subscribe('http2.server.stream.start', remember))
afterAll(() => unsubscribe('http2.server.stream.start', remember))

test('goes on through 200 ends of every kind, in order, nothing twice and nothing lost', async () => {
  const ends = 200
  const events = 1_500
  const tokens = new Set<unknown>()
  let sent = 0
  let starts = 0
  /** Each breaks the stream for good in a way of its own. */
  const breaks = [
    async () => {
      throw new RpcError(status.UNAVAILABLE, 'DRAINING')
    },
    async () => {
      throw new RpcError(status.UNAUTHENTICATED, 'TOKEN_EXPIRED')
    },
    async () => {
      throw new RpcError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED')
    },
    async (signal: AbortSignal) => {
      // Node 24 never returns from closing a stream on which more than one write waits in the same turn.
      await turn()
      streams.at(-1)!.close(constants.NGHTTP2_INTERNAL_ERROR)
      await aborted(signal)
    },
    async (signal: AbortSignal) => {
      streams.at(-1)!.session!.destroy()
      await aborted(signal)
    },
  ]
  served = await serve(
    {
      async *watchUsers({ resumeToken }, { signal, metadata }) {
        tokens.add(metadata.get('authorization')[0])
        const broken = starts++ < ends
        let left = broken ? Math.floor(Math.random() * 12) : Infinity
        for (let i = Number(resumeToken) + 1; i <= events; i++) {
          if (!left--) break
          sent++
          yield { resumeToken: String(i), eventId: String(i) }
          if (i % 7 === 0) yield { change: 'USER_CHANGE_HEARTBEAT' }
        }
        if (broken) await breaks[starts % breaks.length]!(signal)
      },
    },
    { limits: unlimited },
  )
  let token = 0
  const client = createClient(UserService, { target: served.target, token: () => String(token++) })
  const restarts: number[] = []
  const read: number[] = []
  const stream = follow((cursor) => client.watchUsers({ resumeToken: cursor! }), {
    cursor: '0',
    cursorOf: ({ resumeToken }) => resumeToken || undefined,
    onRestart: ({ code }) => restarts.push(code),
    firstDelayMs: 2,
  })
  for await (const { eventId } of stream) if (eventId) read.push(Number(eventId))
  client.close()
  expect(read).toEqual(Array.from({ length: events }, (_, i) => i + 1))
  expect(sent).toBeGreaterThanOrEqual(events)
  expect(starts).toBe(ends + 1)
  expect(restarts).toHaveLength(ends)
  expect(new Set(restarts)).toEqual(
    new Set([status.UNAVAILABLE, status.UNAUTHENTICATED, status.DEADLINE_EXCEEDED, status.INTERNAL]),
  )
  expect(tokens.size).toBe(ends + 1)
})

const aborted = (signal: AbortSignal) => (signal.aborted ? undefined : once(signal, 'abort'))
const source = (...ends: (Error | undefined)[]) =>
  async function* () {
    const end = ends.shift()
    if (end) throw end
    yield 'message'
  }
const cursorOf = () => undefined

test.each([
  ['an expired cursor', new RpcError(status.OUT_OF_RANGE, 'RESUME_TOKEN_EXPIRED')],
  ['another reason for UNAUTHENTICATED', new RpcError(status.UNAUTHENTICATED, 'TOKEN_INVALID')],
  ['an INTERNAL of the server’s own', new RpcError(status.INTERNAL, 'INTERNAL')],
  ['what is no answer at all', new TypeError('start is odd')],
])('gives up on %s', async (_, error) => {
  expect(await failure(collect(follow(source(error), { cursorOf })))).toBe(error)
})

test('waits longer each time that brings nothing, and starts over after progress', async () => {
  const away = () => new RpcError(status.UNAVAILABLE, 'AWAY')
  Math.random = () => 1
  const delays: number[] = []
  let progress = true
  const attempts = source(...Array.from({ length: 4 }, away), undefined, away(), undefined)
  async function* start() {
    yield* attempts()
    if (progress) {
      progress = false
      throw away()
    }
  }
  await collect(follow(start, { cursorOf, firstDelayMs: 2, onRestart: (_, delayMs) => delays.push(delayMs) }))
  expect(delays).toEqual([2, 4, 8, 16, 2, 4])
})

test.each(['while it waits for a message', 'while it waits to start again'])(
  'ends with its signal %s',
  async (when) => {
    const stopping = new AbortController()
    Math.random = () => 1 // ten seconds to wait, of which the test has five
    const left = Promise.withResolvers<void>()
    served = await serve({
      async *watchUsers(_, { signal }) {
        yield { eventId: 'one' }
        if (when === 'while it waits to start again') throw new RpcError(status.UNAVAILABLE, 'AWAY')
        await aborted(signal)
        left.resolve()
      },
    })
    const stream = follow(() => served!.client.watchUsers({}), {
      cursorOf,
      signal: stopping.signal,
      onRestart: () => stopping.abort(),
      firstDelayMs: 10_000,
    })
    expect((await stream.next()).value).toMatchObject({ eventId: 'one' })
    const next = stream.next()
    if (when === 'while it waits for a message') stopping.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    if (when === 'while it waits for a message') await left.promise
  },
  5_000,
)
