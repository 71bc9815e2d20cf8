import type { OrderStatus__Output } from '@quartet/proto/order'

/** How far an order is. */
export type OrderStatus = 'PENDING' | 'CONFIRMED' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED'

const next: Record<OrderStatus, readonly OrderStatus[]> = {
  PENDING: ['CONFIRMED', 'CANCELLED'],
  CONFIRMED: ['SHIPPED', 'CANCELLED'],
  SHIPPED: ['DELIVERED'],
  DELIVERED: [],
  CANCELLED: [],
}

/** Whether one step leads from a status to another. None leads to where it begins. */
export const leadsTo = (from: OrderStatus, to: OrderStatus): boolean => next[from].includes(to)

/** A status of the contract; undefined for UNSPECIFIED. */
export const fromStatus = (status: OrderStatus__Output): OrderStatus | undefined =>
  status === 'ORDER_STATUS_UNSPECIFIED' ? undefined : (status.slice('ORDER_STATUS_'.length) as OrderStatus)
