import { prismaOptions } from '@quartet/database'
import type { ChatService } from '@quartet/proto/chat'
import { OrderService } from '@quartet/proto/order'
import type { Listener } from '@quartet/events'
import type { UserService } from '@quartet/proto/user'
import { implement, type CallOptions, type Client } from '@quartet/rpc'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { PrismaClient } from './generated/prisma/client.ts'
import { orderChat } from './order-chat.ts'
import { orderFeed } from './order-feed.ts'
import { orderHandlers } from './order-handlers.ts'
import { orderRepository } from './order-repository.ts'
import { uploadLineItems } from './upload-line-items.ts'
import { watchOrders } from './watch-orders.ts'

/** The order service, put together on a database that has its schema; who owns the process serves it. */
export const createApp = ({
  pool,
  listener,
  logger,
  users,
  chat,
}: {
  pool: Pool
  listener: Listener
  logger: Logger
  users: Client<typeof UserService, CallOptions>
  /** Signed in as this service, for calls that are nobody else's. */
  chat: Client<typeof ChatService, CallOptions>
}) => {
  const feed = orderFeed({ pool, listener, logger })
  const prisma = new PrismaClient(prismaOptions(pool))
  const orders = orderRepository(prisma, pool, feed)
  const handlers = {
    ...orderHandlers({ orders, users }),
    ...watchOrders({ orders, feed }),
    ...uploadLineItems({ orders }),
    ...orderChat({ orders, chat }),
  }
  return {
    orders,
    implementations: [implement(OrderService, handlers)],
    metrics: [feed.metrics],
    close: () => feed.close(),
  }
}
