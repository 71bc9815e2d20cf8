import type { Service } from '@quartet/proto/contract'
import { decodeRequest, encodeRequest } from './codec.ts'
import type { Client, Handlers } from './handlers.ts'

/**
 * A request as the method's handler would be given it: defaults filled in, rules kept. For a stream whose messages stand
 * for calls of another method.
 *
 * @throws RpcError INVALID_ARGUMENT, as the method would have answered.
 */
export const requestOf = <S extends Service, Name extends keyof Client<S, never> & keyof Handlers<S>>(
  service: S,
  name: Name,
  request: Argument<Client<S, never>[Name]>,
): Argument<Handlers<S>[Name]> => {
  const method = service.methods.find(({ localName }) => localName === name)!
  const bytes = encodeRequest(method, request as object)
  return decodeRequest(method, bytes) as Argument<Handlers<S>[Name]>
}

type Argument<F> = F extends (request: infer Request, ...rest: never) => unknown ? Request : never
