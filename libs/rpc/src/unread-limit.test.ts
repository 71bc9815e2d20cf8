import { status } from '@grpc/grpc-js'
import { constants } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { defaultUnreadBytes } from './unread-limit.ts'
import { collect, serve, userId } from './testing/serve.ts'
import { closed, field, frame, statusSent, wire } from './testing/wire.ts'

const MiB = 1024 * 1024
const path = '/quartet.user.v1.UserService/BatchCreateUsers'
const options = { maxUnreadBytes: 10 * MiB, limits: { [path]: { maxOpen: 100 } } }

let served: Awaited<ReturnType<typeof serve>>
let peer: ReturnType<typeof wire>
const open = async (batchCreateUsers: (requests: AsyncIterable<unknown>) => Promise<object>) => {
  served = await serve({ batchCreateUsers, getUser: async () => ({}) }, options)
  peer = wire(served.target)
}
afterEach(() => {
  peer.close()
  served.close()
})

const blocked = () => new Promise<never>(() => {})
const good = () => peer.statusOf('GetUser', frame(field(1, userId)))
/** Whole messages that their handler never asks for, or a part of one that never ends. */
const fill = (method: string, body: Buffer) => {
  const stream = peer.request(method)
  const ended = statusSent(stream)
  stream.write(body)
  return ended
}
const user = frame(field(1, field(8, 'x'.repeat(500_000))))

test.each([
  ['messages that a handler does not ask for', 'BatchCreateUsers', Buffer.concat(Array(8).fill(user))],
  ['messages that never end', 'GetUser', frame(Buffer.alloc(4 * MiB)).subarray(0, 4 * MiB - 1)],
])('is bounded for all calls together: %s', async (_, method, body) => {
  await open(blocked)
  const ended = await Promise.race(Array.from({ length: 4 }, () => fill(method, body)))
  expect(ended).toBe(status.RESOURCE_EXHAUSTED)
  expect(await good()).toBe(status.OK)
})

test('counts decompressed', async () => {
  const readOne = async (requests: AsyncIterable<unknown>) => {
    for await (const _ of requests) await blocked()
    return {}
  }
  await open(readOne)
  const bomb = frame(gzipSync(Buffer.alloc(3.9 * MiB)), 1)
  const stream = peer.request('BatchCreateUsers', { 'grpc-encoding': 'gzip' })
  const ended = statusSent(stream)
  stream.write(frame(field(1, field(1, 'n'))))
  stream.write(Buffer.concat([bomb, bomb, bomb]))
  expect(await ended).toBe(status.RESOURCE_EXHAUSTED)
})

test('is not counted any more when it has been read, or its call is over', async () => {
  await open(async (requests) => ({ createdCount: (await collect(requests)).length }))
  for (let i = 0; i < 5; i++) {
    expect(await peer.statusOf('BatchCreateUsers', Buffer.concat(Array(8).fill(user)))).toBe(status.OK)
    const cut = peer.request('GetUser')
    cut.write(frame(Buffer.alloc(4 * MiB)).subarray(0, 3 * MiB), () => cut.close(constants.NGHTTP2_CANCEL))
    await closed(cut)
  }
})

test('is paid for by the connection that holds the most', async () => {
  await open(blocked)
  const other = wire(served.target)
  const modest = other.request('BatchCreateUsers')
  const modestEnd = statusSent(modest)
  modest.write(Buffer.concat(Array(6).fill(user))) // more than any other call alone
  const three = Buffer.concat(Array(3).fill(user))
  const ends = Array.from({ length: 6 }, () => fill('BatchCreateUsers', three))
  expect(await Promise.race([modestEnd, ...ends])).toBe(status.RESOURCE_EXHAUSTED)
  expect(modest.closed).toBe(false)
  other.close()
})

test.each([
  ['a container of 256 MiB', 256, 64],
  ['a large machine', 64 * 1024, 256],
  ['a very small one', 16, 8],
])('unless given it suits %s', (_, memory, most) => {
  expect(defaultUnreadBytes(memory * MiB)).toBe(most * MiB)
})
