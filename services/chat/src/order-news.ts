import { randomUUIDv7 } from 'node:crypto'
import { inTransaction } from '@quartet/database'
import { consume } from '@quartet/events'
import type { OrderService, OrderStatus, StreamOrderUpdatesResponse__Output } from '@quartet/proto/order'
import type { CallOptions, Client, Context } from '@quartet/rpc'
import type { ClientBase, Pool } from 'pg'
import { sayIn } from './message-repository.ts'

const sender = 'service:chat'

/** What is said of an order that has got this far. */
const news: Partial<Record<OrderStatus, string>> = {
  ORDER_STATUS_CONFIRMED: 'Your order was confirmed',
  ORDER_STATUS_SHIPPED: 'Your order was shipped',
  ORDER_STATUS_DELIVERED: 'Your order was delivered',
  ORDER_STATUS_CANCELLED: 'Your order was cancelled',
}

/**
 * Follows all orders and says in an order's room how far it has got, once for each change through any crash and with any
 * number of replicas. An order without a room gets one, with its customer in it, so that they find the news there when
 * they first look.
 *
 * Resolves when `signal` has aborted; never rejects.
 */
export const tellOrderNews = ({
  orders,
  pool,
  onSaid,
  signal,
  logger,
}: {
  /** Called as this service. */
  readonly orders: Pick<Client<typeof OrderService, CallOptions>, 'streamOrderUpdates'>
  readonly pool: Pool
  /** Hears of each room in which something was said, once it is committed. */
  readonly onSaid: (roomId: string) => void
  readonly signal: AbortSignal
  readonly logger: Context['logger']
}): Promise<void> => {
  let roomId: string | undefined
  return consume<StreamOrderUpdatesResponse__Output, ClientBase>({
    name: 'chat follows orders',
    pool,
    async transaction(work) {
      roomId = undefined
      await inTransaction(pool, work)
      if (roomId) onSaid(roomId)
    },
    start: (resumeToken) => orders.streamOrderUpdates({ resumeToken }),
    cursorOf: ({ resumeToken }) => resumeToken,
    async apply(tx, { order, previousStatus, eventId }) {
      const text = order && order.status !== previousStatus ? news[order.status] : undefined
      if (!order || !text) return
      roomId = await roomOf(tx, order.id, order.customerId)
      await sayIn(tx, roomId, [{ senderId: sender, text, clientMessageId: eventId }])
    },
    signal,
    logger,
  })
}

/** The room of an order, which is opened where there is none. */
const roomOf = async (tx: ClientBase, orderId: string, customerId: string): Promise<string> => {
  await tx.query(
    `with opened as (
       insert into rooms (id, title, visibility, order_id, member_count) values ($1, $2, 'PRIVATE', $3, 1)
       on conflict (order_id) do nothing returning id)
     insert into room_members (room_id, user_id) select id, $4 from opened`,
    [randomUUIDv7(), `Order ${orderId}`, orderId, customerId],
  )
  const { rows } = await tx.query<{ id: string }>('select id from rooms where order_id = $1', [orderId])
  return rows[0]!.id
}
