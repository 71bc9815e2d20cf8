import { createFeed, type FeedOptions, type NewEvent } from '@quartet/events'
import type { StreamOrderUpdatesResponse } from '@quartet/proto/order'
import { encodeOnce, timestamp } from '@quartet/rpc'
import type { OrderStatus } from './order-status.ts'
import { toOrder, type OrderHeader, type StoredOrder } from './order.ts'

/** What happened to an order, without its items: those it had are the first `itemCount` of those it has. */
export interface OrderEvent {
  readonly order: OrderHeader
  /** Null: the order is new. */
  readonly previousStatus: OrderStatus | null
}

/** An event as its followers get it. */
export interface OrderEntry {
  readonly order: OrderHeader
  /**
   * What is sent of it. Made for whoever asks first, and the same for all who ask while somebody holds it; an order can
   * have 10,000 items, and the feed keeps 1,024 entries.
   */
  response(withItems: (order: OrderHeader) => Promise<StoredOrder>): Promise<StreamOrderUpdatesResponse>
}

export type OrderFeed = ReturnType<typeof orderFeed>

/** The feed of all orders. */
export const orderFeed = (options: Pick<FeedOptions<never, never>, 'pool' | 'listener' | 'logger'>) =>
  createFeed<OrderEvent, OrderEntry>({
    ...options,
    name: 'orders',
    toEntry({ id, data, occurredAt, resumeToken }) {
      const { previousStatus } = data
      const order = revived(data.order)
      const make = async (withItems: (order: OrderHeader) => Promise<StoredOrder>) =>
        encodeOnce<StreamOrderUpdatesResponse>({
          change: previousStatus ? 'ORDER_CHANGE_UPDATED' : 'ORDER_CHANGE_CREATED',
          order: toOrder(await withItems(order)),
          previousStatus: previousStatus ? `ORDER_STATUS_${previousStatus}` : 'ORDER_STATUS_UNSPECIFIED',
          eventId: id,
          occurredAt: timestamp(occurredAt),
          resumeToken,
        })
      let made: WeakRef<ReturnType<typeof make>> | undefined
      return {
        order,
        response(withItems) {
          const there = made?.deref()
          if (there) return there
          const response = make(withItems)
          made = new WeakRef(response)
          response.catch(() => (made = undefined))
          return response
        },
      }
    },
  })

/** What is written down of a change. */
export const eventOf = (order: OrderHeader, previousStatus: OrderStatus | null): NewEvent<OrderEvent> => ({
  kind: previousStatus ? 'updated' : 'created',
  subject: order.id,
  data: { order, previousStatus },
})

/** An order that was JSON. */
const revived = (order: OrderHeader): OrderHeader => ({
  ...order,
  createdAt: new Date(order.createdAt),
  updatedAt: new Date(order.updatedAt),
})
