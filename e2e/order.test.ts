import { randomUUID } from 'node:crypto'
import { AuthService } from '@quartet/proto/auth'
import { ChatService, type ChatResponse__Output } from '@quartet/proto/chat'
import {
  OrderService,
  type OrderChatResponse__Output,
  type StreamOrderUpdatesResponse__Output,
} from '@quartet/proto/order'
import { status } from '@grpc/grpc-js'
import { createClient, follow } from '@quartet/rpc'
import { untilBack } from '@quartet/testing'
import { start } from './suite.ts'

let suite: Awaited<ReturnType<typeof start>>
let orders: ReturnType<typeof createClient<typeof OrderService>>
let chat: ReturnType<typeof createClient<typeof ChatService>>

beforeAll(async () => {
  suite = await start()
  const auth = createClient(AuthService, { target: suite.endpoints['user']! })
  const { tokens } = await auth.signIn(suite.account('EDITOR'))
  auth.close()
  const [token, target] = [() => tokens!.accessToken, (name: string) => suite.endpoints[name]!]
  orders = createClient(OrderService, { target: target('order'), token })
  chat = createClient(ChatService, { target: target('chat'), token })
}, 120_000)
afterAll(async () => {
  orders?.close()
  chat?.close()
  await suite?.stop()
})

/** Ends the service without a word; the suite brings it back. */
const killOrderService = () =>
  process.kill(suite.processes().find(({ name }) => name === 'order')!.pid, 'SIGKILL')

const tea = {
  productId: 'tea',
  name: 'Tea',
  quantity: 2,
  unitPrice: { currencyCode: 'EUR', units: '4', nanos: 5 },
}
const create = async () => {
  const request = { items: [tea], requestId: randomUUID() }
  return (await untilBack(() => orders.createOrder(request))).order!
}

// Guarantee 1: what was acknowledged is stored.
test('an order and its items are there after the service was killed at the moment of the answer', async () => {
  const order = await create()
  killOrderService()
  const read = async () => (await untilBack(() => orders.getOrder({ orderId: order.id }))).order!
  expect(await read()).toEqual(order)

  async function* items() {
    yield { start: { orderId: order.id } }
    yield { item: tea }
    yield { commit: { count: 1 } }
  }
  const { total } = await orders.uploadLineItems(items())
  killOrderService()
  expect(await read()).toMatchObject({ items: [tea, tea], total })
}, 120_000)

// Guarantee 2: who follows misses nothing and gets nothing twice.
test('a watch goes through the death of the service: every change once, in order', async () => {
  const reading = new AbortController()
  const seen: StreamOrderUpdatesResponse__Output[] = []
  const following = Promise.withResolvers<void>()
  const count = 20
  const watching = (async () => {
    const updates = follow((cursor) => orders.streamOrderUpdates({ resumeToken: cursor ?? '' }), {
      cursorOf: ({ resumeToken }) => resumeToken,
      signal: reading.signal,
    })
    for await (const update of updates) {
      following.resolve()
      if (update.order) seen.push(update)
      if (seen.length === count) return
    }
  })()
  await following.promise

  const made = []
  for (let i = 0; i < count; i++) {
    if (i % 10 === 5) killOrderService()
    made.push(await create())
  }
  await watching
  reading.abort()
  expect(seen.map(({ order }) => order)).toEqual(made)
}, 180_000)

test('what breaks a rule is answered in OrderChat as it is in Chat, and the stream goes on', async () => {
  const roomId = randomUUID()
  async function* requests() {
    yield { send: { roomId, clientMessageId: 'long', text: 'x'.repeat(4001) } }
    yield { send: { roomId: 'a room', clientMessageId: 'nowhere', text: 'x' } }
    yield { send: { roomId, clientMessageId: '', text: 'x' } }
    yield { send: { roomId, clientMessageId: 'elsewhere', text: 'x' } }
    yield { typing: { roomId: 'a room' } }
    yield { leave: { roomId: '' } }
    yield { join: { afterSequence: -1 } }
    yield { heartbeat: {} }
  }
  const answers = async (stream: AsyncIterable<ChatResponse__Output | OrderChatResponse__Output>) => {
    const said = []
    for await (const { payload, error } of stream)
      said.push(`${payload} ${error?.clientMessageId ?? ''} ${status[error?.status?.code ?? 0]}`)
    return said.toSorted()
  }
  const expected = await answers(chat.chat(requests()))
  expect(expected).toHaveLength(8)
  expect(expected).toContain('error long INVALID_ARGUMENT')
  expect(expected).toContain('heartbeat  OK')
  expect(await answers(orders.orderChat(requests()))).toEqual(expected)
}, 60_000)
