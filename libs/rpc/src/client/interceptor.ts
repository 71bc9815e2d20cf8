import type { Metadata } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import type { Context } from '../context.ts'
import type { Outcome } from '../interceptor.ts'

/** A call that a client makes, as an interceptor sees it. */
export interface OutgoingCall {
  /** The method as the contract describes it: path, kind, policy. */
  readonly method: Method
  /** What the client was given to find its server by. */
  readonly target: string
  /** What is sent ahead of the requests. Set keys until the call is made. */
  readonly metadata: Metadata
  /** When the call ends at the latest, in milliseconds since 1970. */
  readonly deadline: number
  /** The call being served, where this one is made for it. */
  readonly parent?: Context
  /** When the call was begun, on the clock of performance.now(). */
  readonly startedAt: number
}

/**
 * Something that happens around every call of a client, whatever its kind: the mirror of the server's Interceptor.
 * It stands above retries, and sees one call where the wire sees several attempts.
 */
export interface ClientInterceptor {
  /**
   * A call is about to be made. Throw an RpcError to make none: later interceptors never see it. Return a promise only
   * where there is something to wait for.
   */
  onCall?(call: OutgoingCall): void | Promise<void>
  /**
   * The call is over, whatever its end; runs once for each call whose `onCall` ran or was passed, in reverse order.
   * Must not throw.
   */
  onEnd?(call: OutgoingCall, outcome: Outcome): void
}
