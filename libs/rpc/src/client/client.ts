import type { ChannelCredentials } from '@grpc/grpc-js'
import type { Method, Service } from '@quartet/proto/contract'
import type { Client } from '../handlers.ts'
import { bidiStream, clientStream, serverStream, unary } from './calls.ts'
import { deadlineOf, metadataOf, type CallOptions } from './call-options.ts'
import { openChannels } from './channels.ts'
import { withIdempotencyKey } from './idempotency-key.ts'
import type { ClientInterceptor } from './interceptor.ts'
import type { Invocation } from './invocation.ts'

export interface ClientOptions<S extends Service = Service> {
  /** Any grpc-js target: "127.0.0.1:50051", "dns:///user:50051". */
  readonly target: string
  /** TLS, as `tlsCredentials` gives it, or any of grpc-js's; plaintext unless given. */
  readonly credentials?: ChannelCredentials | undefined
  /** The name in the server's certificate, where the target says an address and no name. */
  readonly serverName?: string
  /** Sent with every call that brings no authorization of its own, as "Bearer <token>". Asked for each call. */
  readonly token?: () => string | undefined
  /** Run around every call, in this order. */
  readonly interceptors?: readonly ClientInterceptor[]
  /** Methods whose requests are compressed. They take a connection of their own. */
  readonly gzip?: readonly (keyof Client<S, CallOptions>)[]
  /** Connections to each address, which calls take in turn; 1. docs/clients.md says when more are worth it. */
  readonly channels?: number
}

/**
 * A client of one service: the mirror of its handlers. Promises out for one answer, async iterables in and out for
 * streams; a stream of responses begins when its first is asked for. Timeouts, retries and load balancing follow from
 * the contract. Failures are RemoteErrors, which are RpcErrors; what the iterable of requests throws comes out as it is.
 */
export const createClient = <S extends Service>(
  service: S,
  options: ClientOptions<S>,
): Client<S, CallOptions> & { close(): void } => {
  const { target, credentials, token, interceptors = [] } = options
  const channels = openChannels(service, options)
  const invocation = (method: Method, callOptions: CallOptions): Invocation => {
    // grpc-js itself would send them in the clear.
    if (callOptions.credentials && !credentials?._isSecure())
      throw new Error('credentials of a call need TLS: give the client some, or use its option "token"')
    return {
      method,
      target,
      metadata: metadataOf(callOptions, token),
      deadline: deadlineOf(method, callOptions),
      parent: callOptions.parent,
      startedAt: performance.now(),
      channel: channels.channelFor(method),
      interceptors,
      options: callOptions,
    }
  }
  const call = (method: Method) => {
    switch (method.kind) {
      case 'unary':
        return async (request: object, options: CallOptions = {}) =>
          unary(invocation(method, options), withIdempotencyKey(method, request))
      case 'server_streaming':
        return (request: object, options: CallOptions = {}) =>
          serverStream(() => invocation(method, options), request)
      case 'client_streaming':
        return async (requests: AsyncIterable<object>, options: CallOptions = {}) =>
          clientStream(invocation(method, options), iterable(requests))
      case 'bidi_streaming':
        return (requests: AsyncIterable<object>, options: CallOptions = {}) => {
          const given = iterable(requests)
          return bidiStream(() => invocation(method, options), given)
        }
    }
  }
  const methods = service.methods.map((method) => [method.localName, call(method)])
  return { ...Object.fromEntries(methods), close: () => channels.close() }
}

/** @throws TypeError for what cannot be iterated as requests are: an array, or one message. */
const iterable = (requests: AsyncIterable<object>): AsyncIterable<object> => {
  if (typeof (requests as Partial<AsyncIterable<object>> | undefined)?.[Symbol.asyncIterator] === 'function')
    return requests
  throw new TypeError('the requests of a stream are an async iterable: an async generator, a Readable')
}
