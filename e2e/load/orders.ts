import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OrderService } from '@quartet/proto/order'
import { follow, isConnectionLost, RpcError, type CallOptions, type Client } from '@quartet/rpc'
import { answerOf, count, countEnd, describeFailure, pauseMs, type Record } from './record.ts'

type Orders = Client<typeof OrderService, CallOptions>

const item = (productId: string) => ({
  productId,
  name: 'Tea',
  quantity: 1,
  unitPrice: { currencyCode: 'EUR', units: '4', nanos: 0 },
})

/**
 * Unary: creates orders and reads each of them, until `signal` aborts. A create has a key and a read changes nothing, so
 * neither may fail. Returns the ids of the orders that were acknowledged.
 */
export const createAndRead = async (
  orders: Orders,
  record: Record,
  signal: AbortSignal,
): Promise<string[]> => {
  const acknowledged: string[] = []
  while (!signal.aborted) {
    try {
      const request = { items: [item('tea')], requestId: randomUUID() }
      const { order } = await answerOf(record, () => orders.createOrder(request))
      acknowledged.push(order!.id)
      count(record, 'created')
      await answerOf(record, () => orders.getOrder({ orderId: order!.id }))
      count(record, 'read')
    } catch (error) {
      record.failed.push(describeFailure('CreateOrder, GetOrder', error))
    }
    await sleep(pauseMs)
  }
  return acknowledged
}

/**
 * A server stream: follows every change of an order. `seen` has how often each order was seen to be created; `stop` waits
 * until the order `last` was.
 */
export const watchOrders = (orders: Orders, record: Record) => {
  const seen = new Map<string, number>()
  const stopping = new AbortController()
  const watch = async () => {
    const updates = follow((cursor) => orders.streamOrderUpdates({ resumeToken: cursor ?? '' }), {
      cursorOf: ({ resumeToken }) => resumeToken || undefined,
      signal: stopping.signal,
      onRestart: (error) => {
        count(record, 'watches resumed')
        countEnd(record, 'watches', error)
      },
    })
    for await (const { change, order } of updates) {
      if (change !== 'ORDER_CHANGE_CREATED') continue
      count(record, 'updates')
      seen.set(order!.id, (seen.get(order!.id) ?? 0) + 1)
    }
  }
  const watching = watch().catch((error: unknown) => {
    record.failed.push(describeFailure('StreamOrderUpdates', error))
  })

  const until = async (fine: () => boolean, patience: number) => {
    const end = Date.now() + patience
    while (!fine() && Date.now() < end) await sleep(pauseMs)
    return fine()
  }
  return {
    /** Resolves when the stream is open: what is created from now on is seen. */
    async opened() {
      // It starts at "now", whenever that is on the server: so orders are made until one of them is seen.
      const probes: string[] = []
      do {
        const request = { requestId: randomUUID() }
        const { order } = await answerOf(record, () => orders.createOrder(request))
        probes.push(order!.id)
      } while (!(await until(() => probes.some((id) => seen.has(id)), 500)))
    },
    /** Compares with what was acknowledged, once there has been time for it to arrive. */
    async stop(acknowledged: readonly string[]) {
      await until(() => acknowledged.every((id) => seen.has(id)), 30_000)
      stopping.abort()
      await watching
      for (const id of acknowledged) {
        if (!seen.has(id)) record.lost.push(`the creation of order ${id} was not seen`)
      }
      for (const [id, times] of seen) {
        if (times > 1) record.doubled.push(`the creation of order ${id} was seen ${times} times`)
      }
    },
  }
}

const itemsPerUpload = 20

/**
 * A client stream: adds items to an order, until `signal` aborts. An upload that is cut stores nothing or all, and says
 * which only by its answer: so it may fail, and then its order has all of its items or none.
 */
export const uploadItems = async (orders: Orders, record: Record, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const orderId = (await create(orders, record)) ?? ''
    if (!orderId) continue
    let acknowledged = 0
    try {
      const { acceptedCount } = await orders.uploadLineItems(requests(orderId))
      acknowledged = acceptedCount
      count(record, 'uploads')
    } catch (error) {
      if (error instanceof RpcError && isConnectionLost(error)) countEnd(record, 'uploads', error)
      else record.failed.push(describeFailure('UploadLineItems', error))
    }
    try {
      const { order } = await answerOf(record, () => orders.getOrder({ orderId }))
      const stored = order!.items.length
      if (stored < acknowledged) record.lost.push(`order ${orderId}: ${stored} of ${acknowledged} items`)
      if (stored !== 0 && stored !== itemsPerUpload)
        record.doubled.push(`order ${orderId} has ${stored} items of an upload of ${itemsPerUpload}`)
    } catch (error) {
      record.failed.push(describeFailure('GetOrder', error))
    }
  }
}

const create = async (orders: Orders, record: Record) => {
  try {
    const request = { requestId: randomUUID() }
    return (await answerOf(record, () => orders.createOrder(request))).order!.id
  } catch (error) {
    record.failed.push(describeFailure('CreateOrder', error))
    await sleep(pauseMs)
    return undefined
  }
}

/** Slowly, so that something is usually on its way when a server stops. */
async function* requests(orderId: string) {
  yield { start: { orderId } }
  for (let index = 0; index < itemsPerUpload; index++) {
    yield { item: item(`tea-${index}`) }
    await sleep(pauseMs)
  }
  yield { commit: { count: itemsPerUpload } }
}
