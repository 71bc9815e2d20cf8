import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import { OrderService } from '@quartet/proto/order'
import { createClient, implement } from '@quartet/rpc'
import { testDatabase, testIdentity, testServer } from '@quartet/testing'
import { chatProcess } from './testing/chat-process.ts'
import { talker } from './testing/talker.ts'

// What the chat service has promised when it is killed, as its users and the order service see it.

const database = await testDatabase({ migrations: join(import.meta.dirname, '../prisma/migrations') })
const { pool } = database
const identity = await testIdentity()
const directory = mkdtempSync(join(tmpdir(), 'quartet-chat-'))
const secretFile = join(directory, 'secret')
writeFileSync(secretFile, 'a secret of the chat service, for a test')

const orderCount = 400
const orders = Array.from({ length: orderCount }, () => ({ id: randomUUID(), customerId: randomUUID() }))

/** What the chat service needs of the others. The order service has shipped many orders. */
const others = await testServer(
  [
    implement(AuthService, {
      getJwks: async () => ({ data: Buffer.from(JSON.stringify(identity.jwks)) }),
      issueServiceToken: async ({ clientId }) => ({
        accessToken: await identity.token({ sub: `service:${clientId}` }),
        expiresIn: { seconds: 900 },
      }),
    }),
    implement(OrderService, {
      async *streamOrderUpdates({ resumeToken }, { signal }) {
        yield { change: 'ORDER_CHANGE_HEARTBEAT', resumeToken: resumeToken || '0' }
        for (let at = Number(resumeToken || 0); at < orderCount; at++)
          yield {
            change: 'ORDER_CHANGE_UPDATED',
            order: { ...orders[at], status: 'ORDER_STATUS_SHIPPED' },
            previousStatus: 'ORDER_STATUS_CONFIRMED',
            eventId: orders[at]!.id,
            resumeToken: `${at + 1}`,
          }
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    }),
  ],
  identity.verify,
)
const start = () =>
  chatProcess({
    DATABASE_URL: database.url,
    QUARTET_USER_TARGET: others.target,
    QUARTET_ORDER_TARGET: others.target,
    QUARTET_SERVICE_SECRET_FILE: secretFile,
  })
const running = new Set<Awaited<ReturnType<typeof start>>>()
const started = async () => {
  const chat = await start()
  running.add(chat)
  return chat
}
const killed = async (chat: Awaited<ReturnType<typeof start>>) => {
  running.delete(chat)
  await chat.kill()
}

afterAll(async () => {
  await Promise.all([...running].map((chat) => chat.kill()))
  others.close()
  await database.drop()
  rmSync(directory, { recursive: true })
})

const told = async () => {
  const { rows } = await pool.query<{ orderId: string; text: string; members: string[] }>(
    `select order_id as "orderId", text, array(select user_id::text from room_members where room_id = rooms.id) as members
     from messages join rooms on rooms.id = room_id where sender_id = 'service:chat'`,
  )
  return rows
}

test('of each order that was shipped its room is told once, however often replicas are killed', async () => {
  const replicas = [await started(), await started()]
  for (let kills = 0; kills < 4; kills++) {
    while ((await told()).length < ((kills + 1) * orderCount) / 5) await delay(10)
    // One of them follows, the other waits for its place.
    await Promise.all(replicas.splice(0).map(killed))
    replicas.push(...(await Promise.all([started(), started()])))
  }
  while ((await told()).length < orderCount) await delay(10)
  const all = await told()
  expect(all.map(({ orderId }) => orderId).toSorted()).toEqual(orders.map(({ id }) => id).toSorted())
  expect(new Set(all.map(({ text }) => text))).toEqual(new Set(['Your order was shipped']))
  const customers = new Map<string, string>(orders.map(({ id, customerId }) => [id, customerId]))
  for (const { orderId, members } of all) expect(members).toEqual([customers.get(orderId)])
  await Promise.all(replicas.map(killed))
}, 120_000)

test('a message that was delivered the moment before the service was killed is there', async () => {
  const token = await identity.token({ sub: randomUUID() })
  let sent = 0
  let roomId: string | undefined
  const delivered: { clientMessageId: string; messageId: string; sequence: string }[] = []
  for (let kills = 0; kills < 3; kills++) {
    const chat = await started()
    const client = createClient(ChatService, { target: chat.target, token: () => token })
    roomId ??= (await client.createRoom({ title: 'Engine' })).room!.id
    const one = talker(client)
    one.send({ join: { roomId } })
    await one.next('joined')
    for (let i = 0; i < 500; i++)
      one.send({ send: { roomId, clientMessageId: `${sent++}`, text: `${kills}` } })
    for (let answers = 0; answers < 100 * (kills + 1); answers++) delivered.push(await one.next('delivered'))
    await killed(chat)
    await one.end.catch(() => {})
    for (const response of one.received) if (response.delivered) delivered.push(response.delivered)
    client.close()
  }
  const { rows } = await pool.query(
    `select client_message_id as "clientMessageId", id as "messageId", sequence from messages
     where room_id = $1 order by sequence`,
    [roomId],
  )
  expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, i) => `${i + 1}`))
  const byId = new Map(rows.map((row) => [row.clientMessageId, row]))
  for (const one of delivered) expect(byId.get(one.clientMessageId)).toEqual(one)
}, 120_000)
