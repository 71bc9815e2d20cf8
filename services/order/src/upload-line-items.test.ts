import { randomUUID } from 'node:crypto'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { status } from '@grpc/grpc-js'
import { noLimit } from '@quartet/database'
import { OrderService, type LineItem, type UploadLineItemsRequest } from '@quartet/proto/order'
import { createClient, implement } from '@quartet/rpc'
import { failure, testServer } from '@quartet/testing'
import { item, orderSuite } from './testing/order-suite.ts'
import { extend, type StoredItem } from './order.ts'
import { uploadLineItems } from './upload-line-items.ts'

const suite = await orderSuite()
afterAll(() => suite.close())
const { person } = suite

const customer = await person()
const editor = await person('EDITOR')

const newOrder = async (items: LineItem[] = []) => (await customer.client.createOrder({ items })).order!
const stored = async ({ id }: { id: string }) => (await customer.client.getOrder({ orderId: id })).order!

async function* sent(requests: readonly UploadLineItemsRequest[]) {
  yield* requests
}
const send = (requests: readonly UploadLineItemsRequest[], by = customer) =>
  by.client.uploadLineItems(sent(requests))
const upload = ({ id }: { id: string }, items: readonly LineItem[], by = customer) =>
  send(
    [{ start: { orderId: id } }, ...items.map((item) => ({ item })), { commit: { count: items.length } }],
    by,
  )

const precondition = (reason: string) => ({ code: status.FAILED_PRECONDITION, reason })

test('items go behind those there are, and the total and the etag with them', async () => {
  const order = await newOrder([item('tea', 4, 500_000_000, 2)])
  const items = [item('cup', 12, 1), item('tea', 0, 250_000_000, 3)]
  const total = { currencyCode: 'EUR', units: '21', nanos: 750_000_001 }
  expect(await upload({ id: order.id.toUpperCase() }, items)).toEqual({
    acceptedCount: 2,
    rejected: [],
    total,
  })
  expect(await stored(order)).toMatchObject({ items: [...order.items, ...items], total, etag: '2' })
  expect(await upload(order, [])).toEqual({ acceptedCount: 0, rejected: [], total })
  expect((await stored(order)).etag).toBe('2')
})

test('an item that breaks a rule is listed, and the others are stored', async () => {
  const order = await newOrder()
  const bad = [
    { ...item('', 1), name: '' },
    item('x'.repeat(100), 1),
    item('tea', 1, 0, 0),
    item('tea', -1),
    { ...item('tea', 1), unitPrice: null },
    item('tea', 1, 0, 1, 'USD'),
  ]
  const { acceptedCount, rejected, total } = await upload(order, [item('cup', 2), ...bad, item('tea', 3)])
  expect(acceptedCount).toBe(2)
  expect(total).toEqual({ currencyCode: 'EUR', units: '5', nanos: 0 })
  expect(rejected.map(({ index, productId, status }) => [index, productId, status!.code])).toEqual(
    bad.map(({ productId }, index) => [index + 1, productId.slice(0, 64), status.INVALID_ARGUMENT]),
  )
  expect(rejected[5]!.status!.message).toBe(
    'unit_price.currency_code: must be EUR, as in the rest of the order',
  )
  expect((await stored(order)).items).toEqual([item('cup', 2), item('tea', 3)])
})

test('of very many that are rejected the first 1000 are listed', async () => {
  const order = await newOrder()
  const { acceptedCount, rejected, total } = await upload(
    order,
    Array.from({ length: 1_500 }, () => item('', 1)),
  )
  expect([acceptedCount, rejected.length, rejected.at(-1)!.index, total]).toEqual([0, 1_000, 999, null])
  expect(await stored(order)).toEqual(order)
})

describe('an order that is nearly full', () => {
  /** Past the limits of one message, and much faster. */
  const fillUp = (order: { id: string }, items: readonly StoredItem[]) =>
    suite.orders.update(order.id, (header) => ({ ...extend(header, items, 'EUR'), newItems: items }), noLimit)
  const full = precondition('ORDER_FULL')

  test('takes items up to 10,000', async () => {
    const order = await newOrder([item('first', 1)])
    const tea = { productId: 'tea', name: 'Tea', quantity: 1, unitPrice: '1.000000001' }
    await fillUp(
      order,
      Array.from({ length: 9_997 }, () => tea),
    )
    const before = await stored(order)
    const three = ['a', 'b', 'c'].map((name) => item(name, 1))
    expect(await failure(upload(order, three))).toMatchObject(full)
    expect(await stored(order)).toEqual(before)
    expect(await upload(order, three.slice(0, 2))).toMatchObject({
      total: { currencyCode: 'EUR', units: '10000', nanos: 9_997 },
    })
    expect((await stored(order)).items).toEqual([...before.items, ...three.slice(0, 2)])
    expect(await failure(upload(order, [item('last', 1)]))).toMatchObject(full)
  })

  test('takes items up to 3 MiB, which go into a message that clients take', async () => {
    const order = await newOrder()
    const name = '🫖'.repeat(200)
    const count = Math.floor((3 * 1024 * 1024 - 200) / (800 + 3 + 40))
    const long = { productId: 'tea', name, quantity: 100_000, unitPrice: '1000000000.000000000' }
    await fillUp(
      order,
      Array.from({ length: count - 1 }, () => long),
    )
    const one = { ...item('tea', 1), name }
    expect(await failure(upload(order, [one, one]))).toMatchObject(full)
    expect(await upload(order, [one])).toMatchObject({ acceptedCount: 1 })
    expect((await stored(order)).items).toHaveLength(count)
  })
})

// Guarantee 4: what did not commit is not there.
describe('nothing is kept', () => {
  const start = (order: { id: string }) => ({ start: { orderId: order.id } })
  const tea = { item: item('tea', 1) }

  test.each<[string, string, (order: { id: string }) => UploadLineItemsRequest[]]>([
    ['without a start', 'START_MISSING', () => [tea, { commit: { count: 1 } }]],
    ['of a stream that is empty', 'START_MISSING', () => []],
    ['without a commit', 'COMMIT_MISSING', (order) => [start(order), tea]],
    ['when the count differs', 'COMMIT_MISMATCH', (order) => [start(order), tea, { commit: { count: 2 } }]],
  ])('%s', async (_, reason, requests) => {
    const order = await newOrder()
    expect(await failure(send(requests(order)))).toMatchObject(precondition(reason))
    expect(await stored(order)).toEqual(order)
  })

  test('when somebody says more after the commit, or starts twice', async () => {
    const order = await newOrder()
    for (const requests of [
      [start(order), tea, { commit: { count: 1 } }, tea],
      [start(order), start(order), tea, { commit: { count: 1 } }],
    ])
      expect(await failure(send(requests))).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(await stored(order)).toEqual(order)
  })

  test.each(['cancelled', 'cut off'])('of a stream that is %s before its commit', async (how) => {
    const order = await newOrder()
    const server = await attended()
    const line = await connection(server.target)
    const orders = createClient(OrderService, { target: line.target, token: () => customer.token })
    const leaving = new AbortController()
    async function* requests() {
      yield start(order)
      for (let i = 0; i < 500; i++) yield tea
      await server.over
    }
    const { signal } = leaving
    const refused = failure(orders.uploadLineItems(requests(), how === 'cancelled' ? { signal } : {}))
    await server.halfRead
    if (how === 'cancelled') leaving.abort()
    else line.cut()
    expect(await refused).toBeDefined()
    expect(await server.over).toMatchObject({ code: status.CANCELLED })
    expect(await stored(order)).toEqual(order)
    orders.close()
    line.close()
    server.close()
  })
})

/** The service, where it can be seen how far it is with an upload: half its 500 items read; over, and with what error. */
const attended = async () => {
  const handlers = uploadLineItems({ orders: suite.orders })
  const halfRead = Promise.withResolvers<void>()
  const over = Promise.withResolvers<unknown>()
  const implementation = implement(OrderService, {
    uploadLineItems(requests, context) {
      async function* counted() {
        let count = 0
        for await (const request of requests) {
          if (++count === 250) halfRead.resolve()
          yield request
        }
      }
      const answer = handlers.uploadLineItems(counted(), context)
      over.resolve(failure(answer))
      return answer
    },
  })
  const server = await testServer([implementation], suite.identity.verify)
  return { ...server, halfRead: halfRead.promise, over: over.promise }
}

/** A way to a server that can be cut off. */
const connection = async (target: string) => {
  const [host, port] = target.split(':')
  const sockets: Socket[] = []
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    const far = connect(Number(port), host)
    for (const socket of [near, far]) sockets.push(socket.on('error', () => {}))
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return {
    target: `127.0.0.1:${own}`,
    cut,
    close() {
      cut()
      server.close()
    },
  }
}

test('only a pending order takes items, also when it changes on the way', async () => {
  const order = await newOrder([item('tea', 1)])
  const confirm = () =>
    editor.client.updateOrderStatus({ orderId: order.id, status: 'ORDER_STATUS_CONFIRMED' })
  async function* requests() {
    yield { start: { orderId: order.id } }
    yield { item: item('cup', 1) }
    await confirm()
    yield { commit: { count: 1 } }
  }
  expect(await failure(customer.client.uploadLineItems(requests()))).toMatchObject(
    precondition('ORDER_NOT_PENDING'),
  )
  expect(await failure(upload(order, []))).toMatchObject(precondition('ORDER_NOT_PENDING'))
  expect((await stored(order)).items).toEqual(order.items)
})

test('uploads at once follow each other; one that was too slow with another currency is told', async () => {
  const order = await newOrder()
  await Promise.all(Array.from({ length: 3 }, () => upload(order, [item('tea', 1), item('cup', 2)])))
  const { items, total } = await stored(order)
  expect(items).toEqual(Array.from({ length: 3 }, () => [item('tea', 1), item('cup', 2)]).flat())
  expect(total).toEqual({ currencyCode: 'EUR', units: '9', nanos: 0 })

  const other = await newOrder()
  async function* requests() {
    yield { start: { orderId: other.id } }
    yield { item: item('cup', 1, 0, 1, 'USD') }
    await upload(other, [item('tea', 1)])
    yield { commit: { count: 1 } }
  }
  expect(await failure(customer.client.uploadLineItems(requests()))).toMatchObject({
    code: status.ABORTED,
    reason: 'ORDER_CHANGED',
  })
  expect((await stored(other)).items).toEqual([item('tea', 1)])
})

test('one’s own orders, and everybody’s for editors', async () => {
  const order = await newOrder()
  const missing = { code: status.NOT_FOUND, reason: 'ORDER_NOT_FOUND' }
  expect(await failure(upload(order, [item('tea', 1)], await person()))).toMatchObject(missing)
  expect(await failure(upload({ id: randomUUID() }, [], editor))).toMatchObject(missing)
  expect(await upload(order, [item('tea', 1)], editor)).toMatchObject({ acceptedCount: 1 })
})
