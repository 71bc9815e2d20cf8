import { status } from '@grpc/grpc-js'
import { hasRole } from '@quartet/auth'
import type { Attempt } from '@quartet/database'
import type { OrderService } from '@quartet/proto/order'
import { PreconditionFailureSchema } from '@quartet/proto/rpc-status'
import type { UserService } from '@quartet/proto/user'
import { detail, RpcError, type Caller, type CallOptions, type Client, type Handlers } from '@quartet/rpc'
import { assertMayOrder } from './customers.ts'
import { customerOf, visibleTo } from './order-access.ts'
import type { OrderRepository } from './order-repository.ts'
import { fromStatus, leadsTo, type OrderStatus } from './order-status.ts'
import { etagOf, fromCreateRequest, toOrder, type NewOrder, type OrderHeader } from './order.ts'

export const orderHandlers = ({
  orders,
  users,
}: {
  orders: OrderRepository
  users: Client<typeof UserService, CallOptions>
}) =>
  ({
    async createOrder(request, context) {
      const { caller } = context
      const customerId = request.customerId ? customerOf(caller, request.customerId)! : callerId(caller)
      const order = fromCreateRequest(request, customerId)
      const attempt = attemptOf(order, request.requestId, caller)
      let result = await orders.recall(order, attempt)
      if (!result) {
        await assertMayOrder(users, customerId, context)
        result = await orders.create(order, attempt, context)
      }
      if ('problem' in result) throw new RpcError(status.ALREADY_EXISTS, result.problem)
      return { order: toOrder(result.order) }
    },

    async getOrder({ orderId }, { caller }) {
      const order = await orders.get(orderId.toLowerCase()) // as PostgreSQL writes a UUID
      return { order: toOrder(visibleTo(caller, order, orderId)) }
    },

    async updateOrderStatus({ orderId, status, etag }, { caller, signal, deadline }) {
      const wanted = fromStatus(status)!
      const decide = (order: OrderHeader) => {
        assertMayMove(caller, visibleTo(caller, order, orderId), wanted)
        if (order.status === wanted) return undefined
        assertCanMove(order, wanted, etag)
        return { status: wanted }
      }
      const order = await orders.update(orderId.toLowerCase(), decide, { signal, deadline })
      return { order: toOrder(await orders.withItems(visibleTo(caller, order, orderId))) }
    },

    async *listOrders({ customerId, status, limit }, { caller, signal, deadline }) {
      const filter = { customerId: customerOf(caller, customerId), status: fromStatus(status) }
      const pages = orders.list(filter, limit || Infinity, { signal, deadline })
      for await (const page of pages) yield { orders: page.map(toOrder) }
    },
  }) satisfies Partial<Handlers<typeof OrderService>>

const assertMayMove = (caller: Caller, order: OrderHeader, to: OrderStatus) => {
  if (hasRole(caller, 'EDITOR') || to === 'CANCELLED') return
  throw new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED', { orderId: order.id, status: to })
}

const assertCanMove = (order: OrderHeader, to: OrderStatus, etag: string) => {
  const { id, status: from } = order
  if (etag && etag !== etagOf(order)) throw new RpcError(status.ABORTED, 'ETAG_MISMATCH', { orderId: id })
  if (leadsTo(from, to)) return
  const violation = {
    type: 'STATUS',
    subject: `orders/${id}`,
    description: `no step leads from ${from} to ${to}`,
  }
  throw new RpcError(
    status.FAILED_PRECONDITION,
    'ORDER_STATUS_TRANSITION',
    { orderId: id, from, to },
    {
      message: violation.description,
      details: [detail(PreconditionFailureSchema, { violations: [violation] })],
    },
  )
}

const attemptOf = (order: NewOrder, key: string, caller: Caller): Attempt | undefined =>
  key ? { scope: `CreateOrder ${callerId(caller)}`, key, request: order } : undefined

/** Of a person: the contract lets nobody else in. */
const callerId = (caller: Caller) => (caller.kind === 'anonymous' ? '' : caller.id)
