import { status } from '@grpc/grpc-js'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { collect, failure, serve, userId } from './testing/serve.ts'
import { field, frame, statusSent, wire } from './testing/wire.ts'

/** What no well-behaved client sends, put on the wire by hand: HTTP/2 streams with bytes of our own. */

type Served = Awaited<ReturnType<typeof serve>>
let served: Served
let peer: ReturnType<typeof wire>
const open = async (...[handlers, options]: Parameters<typeof serve>) => {
  served = await serve({ getUser: async () => ({ user: { id: userId } }), ...handlers }, options)
  peer = wire(served.target)
}
const statusOf: typeof peer.statusOf = (...of) => peer.statusOf(...of)
const request: typeof peer.request = (...of) => peer.request(...of)
afterEach(() => {
  peer.close()
  served.close()
})

const getUser = (id: Buffer | string) => field(1, id)
const good = () => statusOf('GetUser', frame(getUser(userId)))

test.each([
  ['invalid UTF-8', frame(getUser(Buffer.from([0xff, 0xfe, 0x41]))), status.INVALID_ARGUMENT],
  ['garbage', frame(Buffer.from('not a protobuf at all')), status.INVALID_ARGUMENT],
  ['a length past the end', frame(Buffer.from([0x0a, 0x7f, 0x41])), status.INVALID_ARGUMENT],
  ['a varint that never ends', frame(Buffer.alloc(64, 0xff)), status.INVALID_ARGUMENT],
  [
    'a varint of eleven bytes',
    frame(Buffer.from('10ffffffffffffffffffff01', 'hex')),
    status.INVALID_ARGUMENT,
  ],
  ['a group that never ends', frame(Buffer.from([0x0b])), status.INVALID_ARGUMENT],
  ['groups within groups', frame(Buffer.alloc(1_000_000, 0x0b)), status.INVALID_ARGUMENT],
  ['an empty message', frame(Buffer.alloc(0)), status.INVALID_ARGUMENT],
  ['no message', Buffer.alloc(0), status.UNIMPLEMENTED],
  ['two messages', Buffer.concat([frame(getUser(userId)), frame(getUser(userId))]), status.UNIMPLEMENTED],
  ['corrupt gzip', frame(Buffer.from('not gzip'), 1), status.INVALID_ARGUMENT],
  ['a message of 5 MB', frame(Buffer.alloc(5_000_000, 0x41)), status.RESOURCE_EXHAUSTED],
])('%s is refused, and the next call on the connection works', async (_, body, expected) => {
  await open({})
  expect(await statusOf('GetUser', body, { 'grpc-encoding': 'gzip' })).toBe(expected)
  expect(await good()).toBe(status.OK)
})

test('an unknown method is UNIMPLEMENTED', async () => {
  await open({})
  expect(await statusOf('GetEverything', frame(Buffer.alloc(0)))).toBe(status.UNIMPLEMENTED)
})

test('a compression that is not known is UNIMPLEMENTED', async () => {
  await open({})
  const body = frame(getUser(userId), 1)
  expect(await statusOf('GetUser', body, { 'grpc-encoding': 'snappy' })).toBe(status.UNIMPLEMENTED)
})

test.each([['0n'], ['0H'], ['1n']])(
  'a deadline that is over already (%s) is DEADLINE_EXCEEDED, without a handler',
  async (timeout) => {
    await open({ getUser: () => Promise.reject(new Error('ran')) })
    const body = frame(getUser(userId))
    expect(await statusOf('GetUser', body, { 'grpc-timeout': timeout })).toBe(status.DEADLINE_EXCEEDED)
  },
)

test.each([['600H'], ['876000H'], ['99999999H'], ['99999999M'], ['99999999S'], ['99999999m']])(
  'a deadline as far away as %s is the policy’s',
  async (timeout) => {
    const deadlines: number[] = []
    await open({ getUser: async (_, { deadline }) => (deadlines.push(deadline - Date.now()), {}) })
    const body = frame(getUser(userId))
    expect(await statusOf('GetUser', body, { 'grpc-timeout': timeout })).toBe(status.OK)
    expect(deadlines[0]).toBeGreaterThan(1_000)
    expect(deadlines[0]).toBeLessThanOrEqual(5_000)
  },
)

test('a timeout that is none is INVALID_ARGUMENT', async () => {
  await open({})
  const body = frame(getUser(userId))
  expect(await statusOf('GetUser', body, { 'grpc-timeout': 'soon' })).toBe(status.INVALID_ARGUMENT)
})

test('what was validated is what the handler gets, however oddly it was written', async () => {
  const seen: unknown[] = []
  await open({ listUsers: async (request) => (seen.push(request), {}) })
  // A filter of two bytes, whose tag claims the two after it ("2A"). protobuf-es reads those as the tag, and what follows as
  // an unknown field. protobufjs ends the filter first: to it "2A" is an unknown field of 65 bytes, behind which
  // page_size = 1,000,000 is waiting.
  const hidden = Buffer.from([0x08, 0xc0, 0x84, 0x3d])
  const unknown = Buffer.concat([Buffer.alloc(62, 0x41), hidden])
  const smuggled = Buffer.concat([
    Buffer.from([0x1a, 2, 0x22, 2, 0x32, 0x41, 0x7a, unknown.length | 0x80, 0]),
    unknown,
  ])
  expect(await statusOf('ListUsers', frame(smuggled))).toBe(status.OK)
  expect(seen).toMatchObject([{ pageSize: 0, filter: { tag: '2A' } }])
})

test('of two members of a oneof the one that was validated counts', async () => {
  const seen: { address: { location?: string; poBox?: string } | null }[] = []
  await open({ createUser: async (request) => (seen.push(request as never), {}) })
  const address = Buffer.concat([
    field(2, Buffer.alloc(100, 0x78)), // po_box, of which 20 characters are allowed
    field(1, Buffer.from('Main Street 1')),
    field(3, Buffer.from('Town')),
    field(4, Buffer.from('DE')),
  ])
  const body = Buffer.concat([
    field(1, Buffer.from('n')),
    field(2, Buffer.from('e@example.org')),
    field(9, address),
  ])
  expect(await statusOf('CreateUser', frame(body))).toBe(status.OK)
  expect(seen[0]!.address).toMatchObject({ location: 'streetAddress' })
  expect(seen[0]!.address?.poBox).toBeUndefined()
})

test('a caller’s deadline ends a stream that it does not read', async () => {
  const ended = Promise.withResolvers<unknown>()
  await open({
    async *streamUsers(_, { signal }) {
      signal.addEventListener('abort', () => ended.resolve(signal.reason))
      for (;;) yield { users: [{ name: 'x'.repeat(100_000) }] }
    },
  })
  const stream = request('StreamUsers', { 'grpc-timeout': '300m' })
  stream.end(frame(Buffer.alloc(0)))
  expect(await ended.promise).toMatchObject({ code: status.DEADLINE_EXCEEDED })
})

test('many compressed zeros are read a few at a time', async () => {
  await open({})
  const bomb = frame(gzipSync(Buffer.alloc(3_900_000)), 1)
  const before = process.memoryUsage.rss()
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
  await Promise.all(
    Array.from({ length: 60 }, () =>
      statusOf('GetUser', Buffer.concat([bomb, bomb, bomb]), { 'grpc-encoding': 'gzip' }),
    ),
  )
  clearInterval(watch)
  expect(most - before).toBeLessThan(400 * 1024 * 1024) // 60 × 3 × 3.9 MB would be 700
  expect(await good()).toBe(status.OK)
})

test('a client stream that is reset never looks complete, nor does a unary request', async () => {
  const ended = Promise.withResolvers<unknown>()
  const arrived = Promise.withResolvers<void>()
  let unaryRan = 0
  await open({
    getUser: async () => (unaryRan++, {}),
    async batchCreateUsers(requests) {
      ended.resolve(
        await failure(
          (async () => {
            for await (const _ of requests) arrived.resolve()
          })(),
        ),
      )
      return {}
    },
  })
  const user = Buffer.from('0a0b0a016e1206654078782e78', 'hex') // user { name: "n", email: "e@xx.x" }
  const stream = request('BatchCreateUsers')
  stream.write(frame(user))
  await arrived.promise
  stream.close(constants.NGHTTP2_CANCEL)
  expect(await ended.promise).toMatchObject({ code: status.CANCELLED })

  const unary = request('GetUser')
  unary.write(frame(getUser(userId)))
  unary.close(constants.NGHTTP2_CANCEL)
  await once(unary, 'close')
  expect(await good()).toBe(status.OK)
  expect(unaryRan).toBe(1)
})

test('a peer that vanishes in the middle of a stream ends the handler', async () => {
  const aborted = Promise.withResolvers<unknown>()
  const reading = Promise.withResolvers<void>()
  await open({
    async *syncUsers(requests, { signal }) {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      reading.resolve()
      yield* (await collect(requests)).map(() => ({}))
    },
  })
  request('SyncUsers')
  await reading.promise
  peer.close()
  expect(await aborted.promise).toMatchObject({ code: status.CANCELLED })
})

test('the sender of a client stream that is answered early is told to stop', async () => {
  await open({ batchCreateUsers: async () => ({ createdCount: 7 }) })
  const stream = request('BatchCreateUsers')
  const code = statusSent(stream) // resolves when the stream is closed: this side never ends it
  stream.write(frame(field(1, Buffer.concat([field(1, 'n'), field(2, 'e@example.org')]))))
  expect(await code).toBe(status.OK)
  expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
  // What it sends all the same is nobody's.
  expect(await good()).toBe(status.OK)
})

test('a refused one too, and then nothing holds the drain up', async () => {
  await open({}, { access: { onCall: () => Promise.reject(new Error('no')) } })
  const stream = request('BatchCreateUsers')
  const code = statusSent(stream)
  stream.write(Buffer.alloc(100_000))
  expect(await code).toBe(status.INTERNAL)
  await served.server.drain({ acceptMs: 0, graceMs: 60_000 })
})
