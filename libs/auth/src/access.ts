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

/** RFC 6750 §2.1. Undefined when there is no authorization at all; anything else than one Bearer token is refused. */
const bearerToken = (call: InterceptedCall): string | undefined => {
  const values = call.metadata.get('authorization')
  if (values.length === 0) return undefined
  const [, token] = (values.length === 1 && /^Bearer +([\w.~+/=-]+)$/i.exec(String(values[0]))) || []
  if (!token) throw new RpcError(status.UNAUTHENTICATED, 'TOKEN_INVALID')
  return token
}
