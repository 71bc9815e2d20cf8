import { status } from '@grpc/grpc-js'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { collect, failure, serve, userId } from './testing/serve.ts'

/** What no well-behaved client sends, put on the wire by hand: HTTP/2 streams with bytes of our own. */

type Served = Awaited<ReturnType<typeof serve>>
let served: Served
let session: ClientHttp2Session
const open = async (handlers: Parameters<typeof serve>[0]) => {
  served = await serve({ getUser: async () => ({ user: { id: userId } }), ...handlers })
  session = connect(`http://${served.target}`)
}
afterEach(() => {
  session.destroy()
  served.close()
})

const request = (method: string, headers: Record<string, string> = {}) =>
  session.request({
    ':method': 'POST',
    ':path': `/quartet.user.v1.UserService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })

const frame = (message: Buffer, compressed = 0) => {
  const head = Buffer.alloc(5)
  head[0] = compressed
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** Sends one message and resolves to the status of the answer, from the trailers or, without a body, the headers. */
const statusOf = async (method: string, body: Buffer, headers?: Record<string, string>): Promise<number> => {
  const stream = request(method, headers)
  let code: unknown
  stream.on('response', (sent) => (code ??= sent['grpc-status']))
  stream.on('trailers', (sent) => (code ??= sent['grpc-status']))
  stream.resume()
  stream.end(body)
  await once(stream, 'close')
  return Number(code)
}

const getUser = (id: Buffer) => Buffer.concat([Buffer.from([0x0a, id.length]), id])
const good = () => statusOf('GetUser', frame(getUser(Buffer.from(userId))))

test.each([
  ['invalid UTF-8', frame(getUser(Buffer.from([0xff, 0xfe, 0x41]))), status.INVALID_ARGUMENT],
  ['garbage', frame(Buffer.from('not a protobuf at all')), status.INVALID_ARGUMENT],
  ['a length past the end', frame(Buffer.from([0x0a, 0x7f, 0x41])), status.INVALID_ARGUMENT],
  ['a varint that never ends', frame(Buffer.alloc(64, 0xff)), status.INVALID_ARGUMENT],
  ['an empty message', frame(Buffer.alloc(0)), status.INVALID_ARGUMENT],
  ['no message', Buffer.alloc(0), status.UNIMPLEMENTED],
  [
    'two messages',
    Buffer.concat([frame(getUser(Buffer.from(userId))), frame(getUser(Buffer.from(userId)))]),
    status.UNIMPLEMENTED,
  ],
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

test('a deadline that is over already is DEADLINE_EXCEEDED, without a handler', async () => {
  await open({})
  const body = frame(getUser(Buffer.from(userId)))
  expect(await statusOf('GetUser', body, { 'grpc-timeout': '1n' })).toBe(status.DEADLINE_EXCEEDED)
})

test('a timeout that is none is INVALID_ARGUMENT', async () => {
  await open({})
  const body = frame(getUser(Buffer.from(userId)))
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
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
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
  stream.on('error', () => {})
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
  stream.on('error', () => {})
  stream.write(frame(user))
  await arrived.promise
  stream.close(constants.NGHTTP2_CANCEL)
  expect(await ended.promise).toMatchObject({ code: status.CANCELLED })

  const unary = request('GetUser')
  unary.on('error', () => {})
  unary.write(frame(getUser(Buffer.from(userId))))
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
  const stream = request('SyncUsers')
  stream.on('error', () => {})
  await reading.promise
  session.destroy()
  expect(await aborted.promise).toMatchObject({ code: status.CANCELLED })
})
