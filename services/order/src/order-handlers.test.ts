import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { CreateOrderRequest } from '@quartet/proto/order'
import { PreconditionFailureSchema } from '@quartet/proto/rpc-status'
import { RpcError, type CallOptions } from '@quartet/rpc'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import { fill, item, orderSuite } from './testing/order-suite.ts'

const suite = await orderSuite()
afterAll(() => suite.close())
const { database, person, userServer } = suite

const customer = await person()
const stranger = await person()
const editor = await person('EDITOR')

const missing = { code: status.NOT_FOUND, reason: 'ORDER_NOT_FOUND' }
const forbidden = { code: status.PERMISSION_DENIED, reason: 'NOT_PERMITTED' }

const gift = { fields: { gift: { boolValue: true } } }
const create = async (
  request: CreateOrderRequest = { items: [item('tea', 4, 990_000_000, 2)], attributes: gift },
  by = customer,
) => (await by.client.createOrder(request)).order!

describe('CreateOrder', () => {
  test('stores every field; the total is exact', async () => {
    const items = [item('tea', 0, 100_000_000, 3), item('cup', 12, 340_000_001), item('gift', 0)]
    const order = await create({ items })
    expect(order).toMatchObject({
      customerId: customer.id,
      items,
      total: { currencyCode: 'EUR', units: '12', nanos: 640_000_001 },
      status: 'ORDER_STATUS_PENDING',
      attributes: null,
      etag: '1',
    })
    expect(await customer.client.getOrder({ orderId: order.id })).toEqual({ order })
  })

  test('an order may be empty, and then has no total', async () => {
    const order = await create({})
    expect(order).toMatchObject({ items: [], total: null })
    expect(await customer.client.getOrder({ orderId: order.id })).toEqual({ order })
  })

  test('attributes come back as they came', async () => {
    const attributes = {
      fields: {
        nothing: { nullValue: 'NULL_VALUE' as const },
        list: { listValue: { values: [{ numberValue: 1e-9 }, { boolValue: false }, { stringValue: '' }] } },
        $type: { stringValue: 'Json' },
        ['__proto__']: { structValue: { fields: { '': { numberValue: 1.7e308 } } } },
        deep: { structValue: { fields: {} } },
      },
    }
    const order = await create({ attributes })
    const { order: stored } = await customer.client.getOrder({ orderId: order.id })
    expect(stored).toEqual(order)
    expect(Object.keys(stored!.attributes!.fields)).toContain('__proto__')
    expect(stored!.attributes).toMatchObject(attributes)
    expect((await create({ attributes: { fields: {} } })).attributes).toEqual({ fields: {} })
  })

  test.each([
    ['that are too large', { stringValue: 'x'.repeat(4096) }],
    ['with the character 0', { stringValue: 'a\0b' }],
    ['with a number that is none', { numberValue: NaN }],
    ['with one that never ends', { listValue: { values: [{ numberValue: -Infinity }] } }],
  ])('attributes %s are refused', async (_, value) => {
    const refused = await failure(create({ attributes: { fields: { value } } }))
    expect(refused).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' })
    expect((refused as RpcError).details[0]!.message).toMatchObject({
      fieldViolations: [{ field: 'attributes' }],
    })
  })

  test('with one request_id, 20 at once create one order, and each gets it', async () => {
    const request = { items: [item('tea', 5)], requestId: randomUUID() }
    const someone = await person()
    const orders = await Promise.all(Array.from({ length: 20 }, () => create(request, someone)))
    expect(orders).toEqual(Array.from({ length: 20 }, () => orders[0]))
    expect(await listed(someone)).toEqual([orders[0]])
  })

  test('a repetition gets the first result, whatever became of order and customer since', async () => {
    const someone = await person()
    const request = { items: [item('tea', 5)], requestId: randomUUID() }
    const order = await create(request, someone)
    await editor.client.updateOrderStatus({ orderId: order.id, status: 'ORDER_STATUS_CONFIRMED' })
    userServer.users.set(someone.id, 'USER_STATUS_SUSPENDED')
    expect(await create(request, someone)).toEqual(order)
    expect(await failure(create({ ...request, items: [] }, someone))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    })
  })

  test('the same request with its attributes in another order is a repetition', async () => {
    const requestId = randomUUID()
    const [one, two] = [{ one: { numberValue: 1 } }, { two: { numberValue: 2 } }]
    const order = await create({ attributes: { fields: { ...one, ...two } }, requestId })
    expect(await create({ attributes: { fields: { ...two, ...one } }, requestId })).toEqual(order)
  })

  test('only whom the user service, asked as the caller, knows as active', async () => {
    const inactive = await person('VIEWER', 'USER_STATUS_INACTIVE')
    expect(await failure(create({}, inactive))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'CUSTOMER_INACTIVE',
    })
    const customerId = randomUUID()
    const unknown = { code: status.NOT_FOUND, reason: 'USER_NOT_FOUND', metadata: { userId: customerId } }
    expect(await failure(create({ customerId }, editor))).toMatchObject(unknown)
    expect(userServer.asked.at(-1)).toEqual({ userId: customerId, by: editor.id })
  })

  test('for others: editors', async () => {
    const customerId = customer.id.toUpperCase()
    expect(await create({ customerId }, editor)).toMatchObject({ customerId: customer.id })
    expect(await create({ customerId })).toMatchObject({ customerId: customer.id })
    expect(await failure(create({ customerId }, stranger))).toMatchObject(forbidden)
  })
})

test('a user service that is away is UNAVAILABLE; what needs none goes on', async () => {
  const suite = await orderSuite()
  const someone = await suite.person()
  const { order } = await someone.client.createOrder({ requestId: 'before' })
  suite.userServer.close()
  expect(await failure(someone.client.createOrder({}))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'DEPENDENCY_UNAVAILABLE',
  })
  expect(await someone.client.createOrder({ requestId: 'before' })).toEqual({ order })
  expect(await someone.client.getOrder({ orderId: order!.id })).toEqual({ order })
  await suite.close()
})

describe('GetOrder', () => {
  test('one’s own, and everybody’s for an editor; for others it is as if it were not there', async () => {
    const order = await create()
    const get = (by: typeof customer, orderId = order.id) => by.client.getOrder({ orderId })
    expect(await get(editor)).toEqual({ order })
    expect(await get(customer, order.id.toUpperCase())).toEqual({ order })
    expect(await failure(get(stranger))).toMatchObject(missing)
    expect(await failure(get(editor, randomUUID()))).toMatchObject(missing)
  })
})

describe('UpdateOrderStatus', () => {
  const move = async (
    order: { id: string },
    to: 'CONFIRMED' | 'SHIPPED' | 'CANCELLED',
    by = editor,
    etag = '',
  ) => (await by.client.updateOrderStatus({ orderId: order.id, status: `ORDER_STATUS_${to}`, etag })).order!

  test('one step at a time; the same step again changes nothing, whatever the etag', async () => {
    const order = await create()
    const confirmed = await move(order, 'CONFIRMED', editor, order.etag)
    expect(confirmed).toEqual({
      ...order,
      status: 'ORDER_STATUS_CONFIRMED',
      etag: '2',
      updatedAt: confirmed.updatedAt,
    })
    expect(await move(order, 'CONFIRMED', editor, order.etag)).toEqual(confirmed)
    expect(await customer.client.getOrder({ orderId: order.id })).toEqual({ order: confirmed })
  })

  test('where no step leads it says from where to where', async () => {
    const order = await create()
    const refused = (await failure(move(order, 'SHIPPED'))) as RpcError
    expect(refused).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'ORDER_STATUS_TRANSITION',
      metadata: { from: 'PENDING', to: 'SHIPPED' },
    })
    expect(refused.details).toMatchObject([
      {
        schema: PreconditionFailureSchema,
        message: { violations: [{ type: 'STATUS', subject: `orders/${order.id}` }] },
      },
    ])
  })

  test('with an etag, of 10 at once one gets through', async () => {
    const order = await create()
    const moves = Array.from({ length: 10 }, (_, index) =>
      failure(move(order, index % 2 ? 'CONFIRMED' : 'CANCELLED', editor, order.etag)),
    )
    const failures = (await Promise.all(moves)).filter((one) => one !== undefined)
    // Those who wanted what the first one did have it.
    expect(failures).toHaveLength(5)
    for (const one of failures) expect(one).toMatchObject({ code: status.ABORTED, reason: 'ETAG_MISMATCH' })
    expect((await customer.client.getOrder({ orderId: order.id })).order!.etag).toBe('2')
  })

  test('customers cancel their own, and do no more', async () => {
    const order = await create()
    expect(await failure(move(order, 'CONFIRMED', customer))).toMatchObject(forbidden)
    expect(await failure(move(order, 'CANCELLED', stranger))).toMatchObject(missing)
    expect(await failure(move({ id: randomUUID() }, 'CANCELLED'))).toMatchObject(missing)
    expect(await move(order, 'CANCELLED', customer)).toMatchObject({ status: 'ORDER_STATUS_CANCELLED' })
  })
})

const listed = async (by: typeof customer, request = {}) => {
  const orders = []
  for await (const page of by.client.listOrders(request)) orders.push(...page.orders)
  return orders
}

describe('ListOrders', () => {
  test('all in pages, newest first, each once; as many as asked for', async () => {
    const someone = await person()
    const ids = await fill(database.pool, someone.id, 205)
    const pages = []
    for await (const { orders } of someone.client.listOrders({})) pages.push(orders.map(({ id }) => id))
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 5])
    expect(pages.flat()).toEqual(ids)
    const some = await listed(someone, { limit: 101 })
    expect(some.map(({ id }) => id)).toEqual(ids.slice(0, 101))
    expect((await editor.client.getOrder({ orderId: ids[7]! })).order).toEqual(some[7])
  })

  test('no page is larger than what a client takes', async () => {
    const someone = await person()
    const ids = await fill(database.pool, someone.id, 5, 1024 * 1024)
    const pages = []
    for await (const { orders } of someone.client.listOrders({})) pages.push(orders.map(({ id }) => id))
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
  })

  test('of a status, of a customer; everybody’s for editors', async () => {
    const [one, two] = [await person(), await person()]
    const kept = await create({}, one)
    const cancelled = await create({}, one)
    const other = await create({}, two)
    const { id: orderId } = cancelled
    const { order } = await one.client.updateOrderStatus({ orderId, status: 'ORDER_STATUS_CANCELLED' })
    expect(await listed(one)).toEqual([order, kept])
    expect(await listed(one, { status: 'ORDER_STATUS_CANCELLED' })).toEqual([order])
    expect(await listed(editor, { customerId: one.id, status: 'ORDER_STATUS_PENDING' })).toEqual([kept])
    expect(await listed(editor, { limit: 3 })).toEqual([other, order, kept])
    expect(await failure(listed(two, { customerId: one.id }))).toMatchObject(forbidden)
    expect(await listed(await person())).toEqual([])
  })

  // Guarantee 5: what a slow reader has not read stays in the database.
  test('who does not read on has few pages read', async () => {
    const someone = await person()
    await fill(database.pool, someone.id, 8_000, 3_000)
    let made = 0
    const onAcquire = () => made++
    database.pool.on('acquire', onAcquire)
    const pages = someone.client.listOrders({})[Symbol.asyncIterator]()
    let read = (await pages.next()).value!.orders.length
    for (let before = 0; before < made;) {
      before = made
      // What is refused before it needs the database.
      for (let i = 0; i < 50; i++) await failure(listed(stranger, { customerId: someone.id }))
    }
    // Of 80, 0.3 MB each: a client takes 16 ahead, and 8 MiB are under way on its connection.
    expect(made).toBeLessThan(60)
    for (let next; !(next = await pages.next()).done;) read += next.value.orders.length
    database.pool.off('acquire', onAcquire)
    expect([read, made]).toEqual([8_000, 81])
  })
})

const { id: orderId } = await create()
const confirmed = { orderId, status: 'ORDER_STATUS_CONFIRMED' } as const
// Guarantee 3.
test.each([
  [
    'a list',
    (options: CallOptions) => customer.client.listOrders({}, options)[Symbol.asyncIterator]().next(),
  ],
  ['a create', (options: CallOptions) => customer.client.createOrder({}, options)],
  ['an update', (options: CallOptions) => editor.client.updateOrderStatus(confirmed, options)],
])(
  '%s that nobody waits for any more ends in the database, too',
  (_, call) => expectToEndWhileLocked(database, 'orders', call),
  25_000,
)
