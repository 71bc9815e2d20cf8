import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { createClient } from './client/client.ts'
import { UserService } from '@quartet/proto/user'
import { RpcError } from './errors.ts'
import { collect, failure, serve, userId } from './testing/serve.ts'
import { closed, field, frame, statusSent, wire } from './testing/wire.ts'

// One server under attack after attack, with good calls beside each that must all succeed. wire.test.ts has what single
// bad messages are answered with; here it is about everybody else.

const MiB = 1024 * 1024
let served: Awaited<ReturnType<typeof serve>>
let watching = 0

beforeAll(async () => {
  served = await serve(
    {
      getUser: async () => ({ user: { id: userId } }),
      async deleteUser() {
        throw new RpcError(status.ABORTED, 'ODD', { '\ud800': '\udfff' }, { message: '\ud800 and \udfff' })
      },
      async *watchUsers(_, { signal }) {
        watching++
        try {
          yield {}
          if (!signal.aborted) await once(signal, 'abort')
        } finally {
          watching--
        }
      },
      async *streamUsers() {
        for (;;) yield { users: [{ name: 'x'.repeat(100_000) }] }
      },
      batchCreateUsers: async (requests) => ({ createdCount: (await collect(requests)).length }),
    },
    {
      maxUnreadBytes: 64 * MiB,
      keepaliveMs: 500,
      limits: Object.fromEntries(
        UserService.methods.map(({ path }) => [path, { perSecond: 1e6, burst: 1e6, maxOpen: 100 }]),
      ),
    },
  )
})
afterAll(() => served.close())

const good = frame(field(1, userId))
const open: { close(): void }[] = []
const peer = () => {
  const one = wire(served.target)
  open.push(one)
  return one
}
afterEach(() => open.splice(0).forEach((one) => one.close()))

/** Makes an attack, with calls of a client of its own all the while and some behind it. All of them must succeed. */
const besideGoodCalls = async <T>(attack: () => Promise<T>): Promise<T> => {
  const client = createClient(UserService, { target: served.target })
  open.push(client)
  let over = false
  const calls = async () => {
    let count = 0
    for (; !over || count < 20; count++)
      expect((await client.getUser({ userId }, { timeoutMs: 25_000 })).user!.id).toBe(userId)
  }
  const calling = calls()
  calling.catch(() => {}) // looked at below
  try {
    return await attack()
  } finally {
    over = true
    await calling
  }
}

/** Sends bytes on a connection below HTTP/2, and waits until the server has hung up. */
const tcp = async (...bytes: Buffer[]) => {
  const socket = connectTcp(Number(served.port), '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  for (const one of bytes) socket.write(one)
  await once(socket, 'close')
}
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** An HTTP/2 frame: what it says its length is, its type, and a body that need not be so. */
const http2Frame = (length: number, type: number, streamId: number, body: Buffer) => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, body])
}
const settings = http2Frame(0, 4, 0, Buffer.alloc(0))

test.each([
  ['noise', [randomBytes(10_000)]],
  ['HTTP/1.1', [Buffer.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n')]],
  ['noise behind the preface', [preface, settings, Buffer.alloc(20_000, 0xff)]],
  ['a frame larger than allowed', [preface, settings, http2Frame(0xffffff, 0, 1, Buffer.alloc(1_000))]],
  ['DATA on no stream', [preface, settings, http2Frame(4, 0, 0, Buffer.alloc(4))]],
  ['headers that are no HPACK', [preface, settings, http2Frame(8, 1, 1, Buffer.alloc(8, 0xff))]],
  ['an even stream', [preface, settings, http2Frame(1, 1, 2, Buffer.from([0x82]))]],
  ['a window past 2^31', [preface, settings, http2Frame(4, 8, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))]],
])('%s ends its connection only', async (_, bytes) => {
  await besideGoodCalls(() => tcp(...bytes))
})

test('garbage in place of messages, hundreds of times on one connection', async () => {
  const { statusOf } = peer()
  const garbage = Array.from({ length: 300 }, (_, i) => {
    const body = frame(randomBytes(1 + (i % 100)), i % 3 === 0 ? 1 : 0)
    return statusOf('GetUser', i % 7 === 0 ? randomBytes(50) : body, { 'grpc-encoding': 'gzip' })
  })
  const codes = new Set(await besideGoodCalls(() => Promise.all(garbage)))
  for (const code of [status.OK, status.INTERNAL, status.UNKNOWN]) expect(codes).not.toContain(code)
})

test('gzip bombs', async () => {
  const { statusOf } = peer()
  const bomb = frame(gzipSync(Buffer.alloc(64 * MiB)), 1)
  const headers = { 'grpc-encoding': 'gzip' }
  const bombs = () => Promise.all(Array.from({ length: 20 }, () => statusOf('GetUser', bomb, headers)))
  const codes = await besideGoodCalls(bombs)
  expect(codes[0]).toBe(status.RESOURCE_EXHAUSTED)
  // Their turns may come too late for the last of them.
  expect([status.RESOURCE_EXHAUSTED, status.DEADLINE_EXCEEDED]).toEqual(expect.arrayContaining(codes))
})

test.each([
  ['300 KB in one', { 'x-bomb': 'x'.repeat(300_000) }],
  ['10,000 keys', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x-${i}`, '1']))],
])('headers of %s are not served', async (_, headers) => {
  const code = await besideGoodCalls(() => peer().statusOf('GetUser', good, headers))
  expect(code).toBeNaN()
})

test('rapid reset: streams that are opened and cancelled at once', async () => {
  const { session, request } = peer()
  await once(session, 'connect')
  const reset = async () => {
    for (let i = 0; i < 5_000 && !session.destroyed; i++) {
      request('GetUser').close(constants.NGHTTP2_CANCEL)
      if (i % 100 === 0) await new Promise(setImmediate)
    }
  }
  await besideGoodCalls(reset)
})

test('5,000 streams on a connection: as many run as one caller may have open', async () => {
  const { request, close } = peer()
  let most = 0
  const crowd = async () => {
    const ends = Array.from({ length: 5_000 }, () => {
      const stream = request('WatchUsers')
      stream.end(frame(Buffer.alloc(0)))
      stream.on('response', () => (most = Math.max(most, watching)))
      return statusSent(stream)
    })
    const first = await Promise.race(ends)
    expect(first).toBe(status.RESOURCE_EXHAUSTED)
    // Those that run hold on; all others are told off.
    let refused = 0
    for (const end of ends) void end.then(() => refused++)
    while (refused < 4_900) await new Promise(setImmediate)
  }
  await besideGoodCalls(crowd)
  expect(most).toBe(100)
  close()
  while (watching) await new Promise(setImmediate)
})

test('readers that do not read', async () => {
  const { request } = peer()
  const stalled = async () => {
    const streams = Array.from({ length: 50 }, () => {
      const stream = request('StreamUsers', { 'grpc-timeout': '1S' })
      stream.end(frame(Buffer.alloc(0)))
      stream.once('response', () => stream.pause())
      return closed(stream)
    })
    await Promise.all(streams)
  }
  await besideGoodCalls(stalled)
})

test('writers that stop in the middle of a message', async () => {
  const { request } = peer()
  const half = frame(Buffer.alloc(MiB)).subarray(0, MiB / 2)
  const stalled = Array.from({ length: 50 }, (_, i) => {
    const stream = request(i % 2 ? 'GetUser' : 'BatchCreateUsers', { 'grpc-timeout': '1S' })
    stream.write(half)
    return statusSent(stream)
  })
  const codes = await besideGoodCalls(() => Promise.all(stalled))
  expect(new Set(codes)).toEqual(new Set([status.DEADLINE_EXCEEDED]))
})

test('writers who write more than is read', async () => {
  const { request } = peer()
  const part = frame(Buffer.alloc(4 * MiB)).subarray(0, 4 * MiB - 1)
  await besideGoodCalls(async () => {
    let refused = 0
    for (let i = 0; i < 60; i++) {
      const stream = request('BatchCreateUsers')
      void statusSent(stream).then((code) => (refused += Number(code === status.RESOURCE_EXHAUSTED)))
      stream.write(part)
    }
    // Of the 240 MiB there is room for 64.
    while (refused < 44) await new Promise(setImmediate)
  })
})

test('a peer that vanishes without a word', async () => {
  // Its packets stop, in both directions, and no FIN or RST ever comes: a proxy that passes nothing on any more.
  const sockets: Socket[] = []
  const proxy = createServer((near) => {
    const far = connectTcp(Number(served.port), '127.0.0.1')
    sockets.push(near, far)
    for (const one of [near, far]) one.on('error', () => {})
    near.pipe(far)
    far.pipe(near)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const lost = wire(`127.0.0.1:${(proxy.address() as AddressInfo).port}`)
  const stream = lost.request('WatchUsers')
  stream.end(frame(Buffer.alloc(0)))
  await once(stream, 'data')
  expect(watching).toBe(1)
  for (const one of sockets) one.unpipe().pause()
  await besideGoodCalls(async () => {
    while (watching) await new Promise(setImmediate)
  })
  for (const one of sockets) one.destroy()
  lost.close()
  proxy.close()
})

test('an error that is no Unicode', async () => {
  const call = () => failure(served.client.deleteUser({ userId }))
  expect(await besideGoodCalls(call)).toMatchObject({ code: status.ABORTED, reason: 'ODD' })
})
