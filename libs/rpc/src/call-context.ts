import { Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import type { Logger } from 'pino'
import { anonymous, type Caller } from './caller.ts'
import type { ClientAddress } from './client-address.ts'
import type { RpcError } from './errors.ts'
import { http2Stream } from './http2-stream.ts'
import type { InterceptedCall } from './interceptor.ts'
import { traceIdOf } from './trace-id.ts'

/** What of a server its calls show. */
export interface ContextEnvironment {
  readonly logger: Logger
  readonly clientAddress: ClientAddress
}

/**
 * A call as handlers and interceptors see it (context.ts, interceptor.ts). What few of them look at is made when somebody
 * does: to make a signal and a logger costs as much as to answer a small call.
 */
export abstract class CallContext extends ServerInterceptingCall implements InterceptedCall {
  readonly method: Method
  readonly startedAt = performance.now()
  metadata!: Metadata
  caller: Caller = anonymous
  deadline = Infinity
  received = 0
  sent = 0
  receivedBytes = 0
  sentBytes = 0

  protected readonly base: ServerInterceptingCallInterface
  /** How it ended; undefined while it runs. */
  protected ended: RpcError | 'OK' | undefined
  protected abort: AbortController | undefined
  protected handlersTrailers: Metadata | undefined

  readonly #environment: ContextEnvironment
  #logger: Logger | undefined
  #traceId: string | undefined

  constructor(base: ServerInterceptingCallInterface, method: Method, environment: ContextEnvironment) {
    super(base)
    this.base = base
    this.method = method
    this.#environment = environment
  }

  abstract endBy(time: number, error: () => RpcError): void

  get signal(): AbortSignal {
    if (!this.abort) {
      this.abort = new AbortController()
      if (this.ended && this.ended !== 'OK') this.abort.abort(this.ended)
    }
    return this.abort.signal
  }

  get trailers(): Metadata {
    return (this.handlersTrailers ??= new Metadata())
  }

  get traceId(): string {
    return (this.#traceId ??= traceIdOf(this.metadata))
  }

  set traceId(traceId: string) {
    this.#traceId = traceId
  }

  get logger(): Logger {
    return (this.#logger ??= this.#environment.logger.child({
      method: this.method.path,
      traceId: this.traceId,
    }))
  }

  get peer(): string {
    return this.base.getPeer()
  }

  get clientAddress(): string {
    return this.#environment.clientAddress(this.peer, this.metadata)
  }

  /** The connection that the call came over. */
  get connection(): object | undefined {
    return http2Stream(this.base)?.session
  }
}
