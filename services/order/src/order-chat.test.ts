import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { OrderChatRequest, OrderChatResponse__Output } from '@quartet/proto/order'
import { failure } from '@quartet/testing'
import { orderSuite } from './testing/order-suite.ts'

const suite = await orderSuite()
afterAll(() => suite.close())
const { person } = suite

const customer = await person()
const editor = await person('EDITOR')
const stranger = await person()
const newOrder = async () => (await customer.client.createOrder({})).order!

/** A chat that says one thing after the other has been answered; what was answered to the last. */
const talk = async (by: typeof customer, ...requests: readonly OrderChatRequest[]) => {
  const answered: (() => void)[] = []
  async function* said() {
    for (const request of requests) {
      const { promise, resolve } = Promise.withResolvers<void>()
      answered.push(resolve)
      yield request
      await promise
    }
  }
  const answers: OrderChatResponse__Output[] = []
  for await (const answer of by.client.orderChat(said())) {
    answers.push(answer)
    if (answer.payload !== 'message') answered.at(-1)!()
  }
  return answers
}

const join = ({ id }: { id: string }) => ({ join: { orderId: id, afterSequence: 0 } })
const roomOf = ({ id }: { id: string }) =>
  [...suite.chatServer.rooms].find(([, { orderId }]) => orderId === id)!
const error = (code: status, reason: string) => ({
  payload: 'error',
  error: { status: { code, message: reason.toLowerCase().replaceAll('_', ' ') } },
})

test('the first to join opens the room, as the service; all talk in it as themselves', async () => {
  const order = await newOrder()
  const joined = { payload: 'joined', joined: { orderId: order.id, lastSequence: '7' } }
  expect(await talk(editor, join({ id: order.id.toUpperCase() }))).toMatchObject([joined])
  const [roomId, room] = roomOf(order)
  expect(room).toMatchObject({ by: 'order', memberIds: [customer.id], orderId: order.id })

  const send = { roomId, clientMessageId: 'one', text: 'Where is it?' }
  expect(await talk(customer, join(order), { heartbeat: {} }, { send })).toMatchObject([
    { joined: { roomId } },
    { payload: 'heartbeat' },
    { delivered: { clientMessageId: 'one', sequence: '8' } },
    { message: { text: 'Where is it?', senderId: customer.id } },
  ])
  expect([...suite.chatServer.rooms.values()].filter(({ orderId }) => orderId === order.id)).toHaveLength(1)
})

test('an order that is not there, or not theirs, opens no room, and the stream goes on', async () => {
  const order = await newOrder()
  const missing = error(status.NOT_FOUND, 'ORDER_NOT_FOUND')
  expect(await talk(stranger, join(order), join({ id: randomUUID() }), { heartbeat: {} })).toMatchObject([
    missing,
    missing,
    { payload: 'heartbeat' },
  ])
  expect(roomOf(order)).toBeUndefined()
})

test('a request that breaks a rule is answered, and the stream goes on', async () => {
  expect(await talk(customer, join({ id: 'mine' }), { heartbeat: {} })).toMatchObject([
    { error: { status: { code: status.INVALID_ARGUMENT } } },
    { payload: 'heartbeat' },
  ])
})

test('what the chat service says of a request is passed on', async () => {
  const send = { roomId: randomUUID(), clientMessageId: 'two', text: 'hello' }
  expect(await talk(customer, { send })).toMatchObject([error(status.NOT_FOUND, 'ROOM_NOT_FOUND')])
})

test.each([
  ['token', 'UNAUTHENTICATED', 'TOKEN_EXPIRED'],
  ['service', 'UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE'],
] as const)(
  'where the %s ends at the chat service first, the caller is told so',
  async (what, code, reason) => {
    const send = { roomId: randomUUID(), clientMessageId: 'three', text: `end of ${what}` }
    expect(await failure(talk(customer, { send }))).toMatchObject({ code: status[code], reason })
  },
)

test('a chat service that is away is UNAVAILABLE, and nobody waits for it', async () => {
  const suite = await orderSuite()
  suite.chatServer.close()
  const someone = await suite.person()
  expect(await failure(talk(someone, { heartbeat: {} }))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'DEPENDENCY_UNAVAILABLE',
  })
  await suite.close()
})
