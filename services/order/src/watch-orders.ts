import { status } from '@grpc/grpc-js'
import type { OrderService } from '@quartet/proto/order'
import { RpcError, type Handlers } from '@quartet/rpc'
import { customerOf } from './order-access.ts'
import type { OrderFeed } from './order-feed.ts'
import type { OrderRepository } from './order-repository.ts'

/** StreamOrderUpdates: the feed of all orders, as far as the caller may see it and wants to. */
export const watchOrders = ({ orders, feed }: { orders: OrderRepository; feed: OrderFeed }) =>
  ({
    async *streamOrderUpdates(request, { caller, signal }) {
      const customerId = customerOf(caller, request.customerId)
      const orderId = request.orderId.toLowerCase()
      const isWanted = (order: { readonly id: string; readonly customerId: string }) =>
        (!orderId || order.id === orderId) && (!customerId || order.customerId === customerId)
      if (orderId) {
        const order = await orders.getHeader(orderId)
        if (!order || !isWanted(order)) throw new RpcError(status.NOT_FOUND, 'ORDER_NOT_FOUND', { orderId })
      }
      const { resumeToken } = request
      for await (const { entry, resumeToken: reached } of feed.follow({ resumeToken, signal })) {
        if (!entry) yield { change: 'ORDER_CHANGE_HEARTBEAT', resumeToken: reached }
        else if (isWanted(entry.order)) yield await entry.response(orders.withItems)
      }
    },
  }) satisfies Partial<Handlers<typeof OrderService>>
