import { status } from '@grpc/grpc-js'
import type { OrderService } from '@quartet/proto/order'
import { RpcError, type Handlers } from '@quartet/rpc'
import { customerOf } from './order-access.ts'
import type { OrderFeed } from './order-feed.ts'
import type { OrderRepository } from './order-repository.ts'

/** StreamOrderUpdates: the feed of all orders, as far as the caller may see it and wants to. */
export const watchOrders = ({ orders, feed }: { orders: OrderRepository; feed: OrderFeed }) =>
  ({
    streamOrderUpdates: ({ resumeToken, ...request }, { caller, signal }) => ({
      async pushTo(send) {
        const customerId = customerOf(caller, request.customerId)
        const orderId = request.orderId.toLowerCase()
        const isWanted = (order: { readonly id: string; readonly customerId: string }) =>
          (!orderId || order.id === orderId) && (!customerId || order.customerId === customerId)
        if (orderId) {
          const order = await orders.getHeader(orderId)
          if (!order || !isWanted(order)) throw new RpcError(status.NOT_FOUND, 'ORDER_NOT_FOUND', { orderId })
        }
        await feed.each({ resumeToken, signal }, ({ entry, resumeToken: reached }) => {
          if (!entry) return send({ change: 'ORDER_CHANGE_HEARTBEAT', resumeToken: reached })
          return isWanted(entry.order) ? entry.response(orders.withItems).then(send) : undefined
        })
      },
    }),
  }) satisfies Partial<Handlers<typeof OrderService>>
