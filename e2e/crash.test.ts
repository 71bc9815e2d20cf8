import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import type { Service } from '@quartet/proto/contract'
import { OrderService } from '@quartet/proto/order'
import { UploadService } from '@quartet/proto/upload'
import { UserService } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import { untilBack } from '@quartet/testing'
import { start } from './suite.ts'

// Guarantee 1: what was acknowledged is stored, whatever dies the moment after.

let suite: Awaited<ReturnType<typeof start>>
let token: string
const clients: { close(): void }[] = []

beforeAll(async () => {
  suite = await start({ durable: true })
  const { tokens } = await as(AuthService, 'user').signIn(suite.account('ADMIN'))
  token = tokens!.accessToken
})
afterAll(async () => {
  for (const client of clients) client.close()
  await suite?.stop()
})

const as = <S extends Service>(service: S, name: string) => {
  const client = createClient(service, { target: suite.endpoints[name]!, token: () => token })
  clients.push(client)
  return client
}

const pidOf = (name: string) => suite.processes().find((process) => process.name === name)?.pid

/**
 * Returns when the suite has started it again. Until then the backends of a killed PostgreSQL may still answer, and a test
 * would go on with a database that is about to go away.
 */
const kill = async (victim: string) => {
  const pid = pidOf(victim)!
  process.kill(pid, 'SIGKILL')
  while ((pidOf(victim) ?? pid) === pid) await setTimeout(20)
}

test.each(['user', 'postgres'])('a user created the moment before %s was killed is there', async (victim) => {
  const users = as(UserService, 'user')
  const { user } = await users.createUser({ name: 'Grace', email: `${randomUUID()}@example.org` })
  await kill(victim)
  expect(await untilBack(() => users.getUser({ userId: user!.id }))).toEqual({ user })
})

test('a change of status made the moment before the order service was killed is there', async () => {
  const orders = as(OrderService, 'order')
  const { order } = await orders.createOrder({})
  const { order: confirmed } = await orders.updateOrderStatus({
    orderId: order!.id,
    status: 'ORDER_STATUS_CONFIRMED',
  })
  await kill('order')
  expect(await untilBack(() => orders.getOrder({ orderId: order!.id }))).toEqual({ order: confirmed })
})

test('a message delivered the moment before the chat service was killed is there', async () => {
  const chat = as(ChatService, 'chat')
  const { room } = await chat.createRoom({ title: 'Before the crash' })
  const { message } = await chat.sendMessage({ roomId: room!.id, text: 'Still there?' })
  await kill('chat')
  const { messages } = await untilBack(() => chat.listMessages({ roomId: room!.id }))
  expect(messages).toEqual([message])
})

test('an upload goes on after the upload service was killed, from what it had acknowledged', async () => {
  const uploads = as(UploadService, 'upload')
  const data = randomBytes(300_000)
  const { upload } = await uploads.createUpload({ name: 'half.bin', size: data.length })
  const uploadId = upload!.id
  await uploads.uploadChunk({ uploadId, offset: 0, data: data.subarray(0, 200_000) })
  await kill('upload')

  const { upload: found } = await untilBack(() => uploads.getUpload({ uploadId }))
  const offset = Number(found!.receivedSize)
  expect(offset).toBeGreaterThanOrEqual(200_000)
  await uploads.uploadChunk({ uploadId, offset, data: data.subarray(offset) })
  const sha256 = createHash('sha256').update(data).digest('hex')
  const { file } = await uploads.completeUpload({ uploadId, size: data.length, sha256 })
  expect(file).toMatchObject({ size: String(data.length), sha256 })
})
