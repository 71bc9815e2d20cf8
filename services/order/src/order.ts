import type { CreateOrderRequest__Output, LineItem, LineItem__Output, Order } from '@quartet/proto/order'
import { timestamp } from '@quartet/rpc'
import { fromStruct, toStruct, type Attributes } from './attributes.ts'
import { addTo, toAmount, toMoney, type Amount } from './money.ts'
import type { OrderStatus } from './order-status.ts'

/** An order without its items. */
export interface OrderHeader {
  readonly id: string
  readonly customerId: string
  readonly status: OrderStatus
  /** Of all its items; null while there are none. */
  readonly currency: string | null
  readonly total: Amount
  readonly itemCount: number
  /** Bytes that the order takes in a message, or a few more. */
  readonly size: number
  readonly attributes: Attributes | null
  /** Counts changes: the etag. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An order as the service keeps it. */
export interface StoredOrder extends OrderHeader {
  readonly items: readonly StoredItem[]
}

/** So many of one product, in the order's currency. */
export interface StoredItem {
  readonly productId: string
  readonly name: string
  readonly quantity: number
  readonly unitPrice: Amount
}

/** What is asked for when an order is created. */
export type NewOrder = Pick<StoredOrder, 'customerId' | 'currency' | 'items' | 'attributes'>

/** What items change in the order that takes them. */
export type Extension = Pick<OrderHeader, 'currency' | 'total' | 'itemCount' | 'size'>

/** An order goes into one message, of which clients take 4 MiB. */
export const maxSize = 3 * 1024 * 1024
export const maxItems = 10_000

/** The order with items behind those it has; undefined where it has no place for them. All are in `currency`. */
export const extend = (
  order: Extension,
  items: readonly StoredItem[],
  currency: string | null,
): Extension | undefined => {
  const itemCount = order.itemCount + items.length
  const size = items.reduce((sum, item) => sum + sizeOf(item), order.size)
  if (itemCount > maxItems || size > maxSize) return undefined
  return { currency, total: addTo(order.total, items), itemCount, size }
}

/** Bytes of an item in a message, at most. */
export const sizeOf = ({ productId, name }: StoredItem): number =>
  productId.length + Buffer.byteLength(name) + 40

/** What a new order is in its first moment. */
export const place = (order: NewOrder, { id, at }: { id: string; at: Date }): StoredOrder => {
  // A number of one digit takes two characters in a list of JSON, and eleven bytes in one of Values.
  const size = 200 + 6 * (order.attributes ? Buffer.byteLength(JSON.stringify(order.attributes)) : 0)
  const empty = { currency: null, total: '0.000000000', itemCount: 0, size }
  return {
    id,
    ...order,
    // The contract lets in no more than 1000 items, for which there is always a place.
    ...extend(empty, order.items, order.currency)!,
    status: 'PENDING',
    version: 1,
    createdAt: at,
    updatedAt: at,
  }
}

export const etagOf = ({ version }: OrderHeader): string => String(version)

/** A new order from the contract's request, which has been validated. */
export const fromCreateRequest = (
  { items, attributes }: CreateOrderRequest__Output,
  customerId: string,
): NewOrder => ({
  customerId,
  currency: items[0]?.unitPrice!.currencyCode ?? null,
  items: items.map(toStoredItem),
  attributes: attributes && fromStruct(attributes),
})

/** An item of the contract, which has been validated; its currency is left to the order. */
export const toStoredItem = ({ productId, name, quantity, unitPrice }: LineItem__Output): StoredItem => ({
  productId,
  name,
  quantity,
  unitPrice: toAmount(unitPrice!),
})

/** The order as the contract has it. */
export const toOrder = (order: StoredOrder): Order => ({
  id: order.id,
  customerId: order.customerId,
  items: order.items.map((item) => toLineItem(item, order.currency!)),
  total: totalOf(order),
  status: `ORDER_STATUS_${order.status}`,
  attributes: order.attributes && toStruct(order.attributes),
  etag: etagOf(order),
  createdAt: timestamp(order.createdAt),
  updatedAt: timestamp(order.updatedAt),
})

/** The order's total as the contract has it: null while there are no items. */
export const totalOf = ({ total, currency }: Pick<OrderHeader, 'total' | 'currency'>) =>
  currency === null ? null : toMoney(total, currency)

const toLineItem = ({ unitPrice, ...item }: StoredItem, currency: string): LineItem => ({
  ...item,
  unitPrice: toMoney(unitPrice, currency),
})
