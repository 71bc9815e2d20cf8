import { status } from '@grpc/grpc-js'
import type { LineItem__Output, OrderService } from '@quartet/proto/order'
import {
  invalidArgument,
  itemError,
  itemsUntilCommit,
  RpcError,
  statusMessage,
  type Handlers,
} from '@quartet/rpc'
import { visibleTo } from './order-access.ts'
import type { OrderRepository } from './order-repository.ts'
import { extend, toStoredItem, totalOf, type Extension, type OrderHeader, type StoredItem } from './order.ts'

const maxRejected = 1_000

/** UploadLineItems: what the stream brings is held here until it is complete, and stored in one transaction. */
export const uploadLineItems = ({ orders }: { orders: OrderRepository }) =>
  ({
    async uploadLineItems(requests, { caller, signal, deadline }) {
      const { value: first } = await requests[Symbol.asyncIterator]().next()
      if (!first?.start) throw new RpcError(status.FAILED_PRECONDITION, 'START_MISSING')
      const orderId = first.start.orderId.toLowerCase()
      const upload = stage(pending(visibleTo(caller, await orders.getHeader(orderId), orderId)))
      for await (const item of itemsUntilCommit(requests, 'item')) upload.add(item)
      signal.throwIfAborted()

      const { accepted, rejected, currency } = upload
      const take = (order: OrderHeader) => {
        pending(visibleTo(caller, order, orderId))
        if (!accepted.length) return undefined
        // Another upload was faster, and with another currency.
        if (order.currency && order.currency !== currency)
          throw new RpcError(status.ABORTED, 'ORDER_CHANGED', { orderId })
        return { ...extended(order, orderId, accepted, currency), newItems: accepted }
      }
      const order = await orders.update(orderId, take, { signal, deadline })
      return { acceptedCount: accepted.length, rejected, total: totalOf(visibleTo(caller, order, orderId)) }
    },
  }) satisfies Partial<Handlers<typeof OrderService>>

/** The items of an upload, sorted out: as many as the order has place for, and the first of those that are rejected. */
const stage = (order: OrderHeader) => {
  const accepted: StoredItem[] = []
  const rejected: { index: number; productId: string; status: ReturnType<typeof statusMessage> }[] = []
  let size: Extension = order
  let { currency } = order
  let index = 0
  return {
    accepted,
    rejected,
    get currency() {
      return currency
    },
    /** @throws RpcError FAILED_PRECONDITION ORDER_FULL */
    add(item: LineItem__Output): void {
      const error = itemError(item) ?? currencyError(item, currency)
      if (!error) {
        currency ??= item.unitPrice!.currencyCode
        const stored = toStoredItem(item)
        size = extended(size, order.id, [stored], currency)
        accepted.push(stored)
      } else if (rejected.length < maxRejected) {
        const productId = item.productId.slice(0, 64).toWellFormed()
        rejected.push({ index, productId, status: statusMessage(error) })
      }
      index++
    },
  }
}

const currencyError = ({ unitPrice }: LineItem__Output, currency: string | null) =>
  currency && unitPrice!.currencyCode !== currency
    ? invalidArgument([
        {
          field: 'unit_price.currency_code',
          description: `must be ${currency}, as in the rest of the order`,
          reason: 'ITEMS_ONE_CURRENCY',
        },
      ])
    : undefined

const extended = (
  order: Extension,
  orderId: string,
  items: readonly StoredItem[],
  currency: string | null,
) => {
  const extension = extend(order, items, currency)
  if (!extension) throw new RpcError(status.FAILED_PRECONDITION, 'ORDER_FULL', { orderId })
  return extension
}

const pending = (order: OrderHeader): OrderHeader => {
  if (order.status === 'PENDING') return order
  throw new RpcError(status.FAILED_PRECONDITION, 'ORDER_NOT_PENDING', {
    orderId: order.id,
    status: order.status,
  })
}
