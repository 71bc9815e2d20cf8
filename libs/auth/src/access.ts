import { status } from '@grpc/grpc-js'
import { RpcError, type Caller, type InterceptedCall, type Interceptor } from '@quartet/rpc'
import { permit } from './permit.ts'
import type { Verify } from './verify.ts'

/**
 * The interceptor that every server is given: finds out who calls, then asks the contract whether they may. A token
 * seen before costs no promise. A stream ends when its caller's token does.
 */
export const access = (verify: Verify): Interceptor => ({
  onCall(call) {
    const token = bearerToken(call)
    if (token === undefined) return permit(call.method, call.caller)
    const caller = verify(token)
    if (!(caller instanceof Promise)) return admit(call, caller)
    return caller.then((verified) => admit(call, verified))
  },
})

const admit = (call: InterceptedCall, caller: Caller): void => {
  call.caller = caller
  permit(call.method, caller)
  if (caller.kind !== 'anonymous' && call.method.kind !== 'unary')
    call.endBy(caller.expiresAt, () => new RpcError(status.UNAUTHENTICATED, 'TOKEN_EXPIRED'))
}

/**
 * RFC 6750 §2.1. Undefined when there is no authorization at all; anything else than one Bearer token is refused. Which
 * letters a token may have is left to `verify`: a pattern over all of it would cost as much as its hash.
 */
const bearerToken = (call: InterceptedCall): string | undefined => {
  const values = call.metadata.get('authorization')
  if (values.length === 0) return undefined
  const value = String(values[0])
  const token = value.slice(scheme.length).trim()
  const isBearer = values.length === 1 && value.slice(0, scheme.length).toLowerCase() === scheme
  if (isBearer && token && !token.includes(' ')) return token
  throw new RpcError(status.UNAUTHENTICATED, 'TOKEN_INVALID')
}

const scheme = 'bearer '
