import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import {
  OrderService,
  type StreamOrderUpdatesRequest,
  type StreamOrderUpdatesResponse__Output,
} from '@quartet/proto/order'
import { failure } from '@quartet/testing'
import { item, orderSuite } from './testing/order-suite.ts'

const suite = await orderSuite()
afterAll(() => suite.close())
const { person } = suite

const customer = await person()
const editor = await person('EDITOR')

type Person = typeof customer
type Updates = AsyncIterator<StreamOrderUpdatesResponse__Output>

/** Follows from now on; resolves when it does. */
const watch = async (by: Pick<Person, 'client'>, request: StreamOrderUpdatesRequest = {}) => {
  const updates = by.client.streamOrderUpdates(request)[Symbol.asyncIterator]()
  const { value: first } = await updates.next()
  expect(first).toMatchObject({ change: 'ORDER_CHANGE_HEARTBEAT', order: null, eventId: '' })
  return { updates, resumeToken: first!.resumeToken }
}

const next = async (updates: Updates) => {
  for (;;) {
    const { value } = await updates.next()
    if (value!.change !== 'ORDER_CHANGE_HEARTBEAT') return value!
  }
}

const gift = { fields: { gift: { boolValue: true } } }
const create = async (by: Person, units = 1) =>
  (await by.client.createOrder({ items: [item('tea', units)], attributes: gift })).order!
const cancel = async (by: Person, { id }: { id: string }) =>
  (await by.client.updateOrderStatus({ orderId: id, status: 'ORDER_STATUS_CANCELLED' })).order!

test('each change comes with the order as it was then, items included', async () => {
  const { updates } = await watch(customer)
  const created = await create(customer)
  async function* items() {
    yield { start: { orderId: created.id } }
    yield { item: item('cup', 2) }
    yield { commit: { count: 1 } }
  }
  await customer.client.uploadLineItems(items())
  const cancelled = await cancel(customer, created)

  const messages = [await next(updates), await next(updates), await next(updates)]
  expect(messages).toMatchObject([
    { change: 'ORDER_CHANGE_CREATED', previousStatus: 'ORDER_STATUS_UNSPECIFIED', order: created },
    {
      change: 'ORDER_CHANGE_UPDATED',
      previousStatus: 'ORDER_STATUS_PENDING',
      order: { status: 'ORDER_STATUS_PENDING', items: cancelled.items, etag: '2' },
    },
    { change: 'ORDER_CHANGE_UPDATED', previousStatus: 'ORDER_STATUS_PENDING', order: cancelled },
  ])
  expect(new Set(messages.map(({ eventId }) => eventId)).size).toBe(3)
  await updates.return!()
})

test('what changes nothing is no event, and a repetition none either', async () => {
  const { updates } = await watch(customer)
  const requestId = randomUUID()
  const { order } = await customer.client.createOrder({ requestId })
  await customer.client.createOrder({ requestId })
  await cancel(customer, order!)
  await cancel(customer, order!)
  const last = await create(customer)
  expect((await next(updates)).order).toEqual(order)
  expect((await next(updates)).order).toMatchObject({ id: order!.id, status: 'ORDER_STATUS_CANCELLED' })
  expect((await next(updates)).order).toEqual(last)
  await updates.return!()
})

test('customers follow their own, editors and services any, all of one customer or one alone', async () => {
  const other = await person()
  const token = await suite.identity.token({ sub: 'service:chat', role: undefined, sid: undefined })
  const chat = { client: suite.server.client(OrderService, token) }
  const before = await create(other)
  const watches = {
    own: await watch(customer),
    all: await watch(editor),
    service: await watch(chat),
    others: await watch(editor, { customerId: other.id.toUpperCase() }),
    one: await watch(other, { orderId: before.id.toUpperCase() }),
  }
  const mine = await create(customer)
  const theirs = await create(other)
  const changed = await cancel(other, before)
  const last = await create(customer)
  const ids = async (updates: Updates, count: number) => {
    const ids = []
    while (ids.length < count) ids.push((await next(updates)).order!.id)
    await updates.return!()
    return ids
  }
  expect(await ids(watches.own.updates, 2)).toEqual([mine.id, last.id])
  expect(await ids(watches.all.updates, 4)).toEqual([mine.id, theirs.id, changed.id, last.id])
  expect(await ids(watches.service.updates, 4)).toEqual([mine.id, theirs.id, changed.id, last.id])
  expect(await ids(watches.others.updates, 2)).toEqual([theirs.id, changed.id])
  expect(await ids(watches.one.updates, 1)).toEqual([changed.id])
})

test('what is not there, or not theirs, cannot be followed', async () => {
  const order = await create(customer)
  const stranger = await person()
  const refusal = (by: Person, request: StreamOrderUpdatesRequest) => failure(watch(by, request))
  const missing = { code: status.NOT_FOUND, reason: 'ORDER_NOT_FOUND' }
  expect(await refusal(stranger, { orderId: order.id })).toMatchObject(missing)
  expect(await refusal(editor, { orderId: randomUUID() })).toMatchObject(missing)
  expect(await refusal(editor, { orderId: order.id, customerId: stranger.id })).toMatchObject(missing)
  expect(await refusal(stranger, { customerId: customer.id })).toMatchObject({
    code: status.PERMISSION_DENIED,
    reason: 'NOT_PERMITTED',
  })
  expect(await refusal(editor, { resumeToken: 'made up' })).toMatchObject({
    code: status.OUT_OF_RANGE,
    reason: 'RESUME_TOKEN_EXPIRED',
  })
})

// Guarantee 2: across any number of reconnects nothing is lost and nothing comes twice.
test('who comes back with the last token gets every change once', async () => {
  const someone = await person()
  const { updates, resumeToken } = await watch(someone)
  await updates.return!()
  const made: string[] = []
  const writing = (async () => {
    for (let i = 0; i < 60; i++) made.push((await create(someone, i)).id)
  })()

  const seen: string[] = []
  let cursor = resumeToken
  while (seen.length < 60) {
    const updates = someone.client.streamOrderUpdates({ resumeToken: cursor })[Symbol.asyncIterator]()
    for (let i = 0; i < 3 && seen.length < 60; i++) {
      const update = await next(updates)
      seen.push(update.order!.id)
      cursor = update.resumeToken
    }
    await updates.return!()
  }
  await writing
  expect(seen).toEqual(made)
})

test('an order with very many items is sent whole to all who follow', async () => {
  const [one, two] = [await watch(customer), await watch(editor)]
  const order = await create(customer)
  const items = Array.from({ length: 5_000 }, (_, index) => item(`tea-${index}`, 1))
  async function* requests() {
    yield { start: { orderId: order.id } }
    for (const one of items) yield { item: one }
    yield { commit: { count: items.length } }
  }
  await customer.client.uploadLineItems(requests())
  for (const { updates } of [one, two]) {
    expect((await next(updates)).order).toEqual(order)
    expect((await next(updates)).order!.items).toEqual([...order.items, ...items])
    await updates.return!()
  }
})
