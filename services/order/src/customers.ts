import { status } from '@grpc/grpc-js'
import type { UserService } from '@quartet/proto/user'
import { RpcError, type CallOptions, type Client, type Context } from '@quartet/rpc'

/**
 * Makes sure that a user may order. Asked as the caller, who sees only whom they may see.
 *
 * @throws RpcError NOT_FOUND USER_NOT_FOUND, FAILED_PRECONDITION CUSTOMER_INACTIVE
 */
export const assertMayOrder = async (
  users: Client<typeof UserService, CallOptions>,
  customerId: string,
  context: Context,
): Promise<void> => {
  // A service that is away is no reason to let the caller wait: UNAVAILABLE, once the contract's retries are used up.
  const options = { parent: context, waitForReady: false }
  const { user } = await users.getUser({ userId: customerId }, options).catch((cause: RpcError) => {
    if (cause.code !== status.NOT_FOUND) throw cause
    throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND', { userId: customerId }, { cause })
  })
  if (user?.status !== 'USER_STATUS_ACTIVE')
    throw new RpcError(status.FAILED_PRECONDITION, 'CUSTOMER_INACTIVE', { userId: customerId })
}
