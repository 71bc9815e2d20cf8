import { status } from '@grpc/grpc-js'
import { hasRole, isService, isUser } from '@quartet/auth'
import { RpcError, type Caller } from '@quartet/rpc'

/** Whether the caller sees the orders of a customer: their own, editors and the services that the contract lets in any. */
export const mayRead = (caller: Caller, customerId: string): boolean =>
  isUser(caller, customerId) || hasRole(caller, 'EDITOR') || isService(caller)

/**
 * The order, where the caller may see it.
 * @throws RpcError NOT_FOUND ORDER_NOT_FOUND, whether there is none or it is somebody else's.
 */
export const visibleTo = <Order extends { readonly customerId: string }>(
  caller: Caller,
  order: Order | undefined,
  orderId: string,
): Order => {
  if (order && mayRead(caller, order.customerId)) return order
  throw new RpcError(status.NOT_FOUND, 'ORDER_NOT_FOUND', { orderId })
}

/**
 * Whose orders a request means that may name a customer: the caller's own where it does not; undefined, everybody's, for
 * those who see them all.
 * @throws RpcError PERMISSION_DENIED NOT_PERMITTED for another customer's.
 */
export const customerOf = (caller: Caller, customerId: string): string | undefined => {
  const id = customerId.toLowerCase() // as PostgreSQL writes a UUID
  if (!id) return caller.kind === 'person' && !hasRole(caller, 'EDITOR') ? caller.id : undefined
  if (!mayRead(caller, id)) throw new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED', { customerId: id })
  return id
}
