import { status } from '@grpc/grpc-js'
import { People, type Method } from '@quartet/proto/contract'
import { RpcError, roles, type Caller, type Role } from '@quartet/rpc'

/** The least role that each of the contract's values asks of a person. */
const leastRole: Partial<Record<People, Role>> = {
  [People.EVERYBODY]: 'VIEWER',
  [People.SIGNED_IN]: 'VIEWER',
  [People.EDITOR]: 'EDITOR',
  [People.ADMIN]: 'ADMIN',
}

/**
 * Lets a caller in or not, by the contract alone. People and services are two lists: a role never opens a method to a
 * service, and a service's name never to a person. A method without a policy is closed.
 *
 * @throws RpcError UNAUTHENTICATED for nobody in particular, PERMISSION_DENIED for somebody whom it is closed to.
 */
export const permit = ({ path, policy }: Method, caller: Caller): void => {
  if (policy?.people === People.EVERYBODY) return
  if (caller.kind === 'anonymous')
    throw new RpcError(
      status.UNAUTHENTICATED,
      'TOKEN_MISSING',
      {},
      { message: 'a token is needed: authorization: Bearer …' },
    )
  if (policy && caller.kind === 'service' && policy.services.includes(caller.id)) return
  const least = policy && leastRole[policy.people]
  if (least && caller.kind === 'person' && hasRole(caller, least)) return
  throw new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED', { method: path })
}

/** Whether the caller is a person with this role or a higher one. */
export const hasRole = (caller: Caller, role: Role): boolean =>
  caller.kind === 'person' && roles.indexOf(caller.role) >= roles.indexOf(role)

/** Whether the caller is the user with this id. */
export const isUser = (caller: Caller, userId: string): boolean =>
  caller.kind === 'person' && caller.id === userId

/**
 * The id of the user who calls.
 * @throws RpcError PERMISSION_DENIED where nobody is signed in, or a service: for methods that the contract opens to
 * people who are.
 */
export const userIdOf = (caller: Caller): string => {
  if (caller.kind === 'person') return caller.id
  throw new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED')
}

/** Whether the caller is a service; which one, the contract has decided. */
export const isService = (caller: Caller): boolean => caller.kind === 'service'
