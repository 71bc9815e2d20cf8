import type { Metadata } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import type { Logger } from 'pino'
import type { Caller } from './caller.ts'

/** What a handler and an interceptor know of the call they serve, besides its messages. */
export interface Context {
  /** The method as the contract describes it: path, kind, policy. */
  readonly method: Method
  /** Who calls. Anonymous unless the contract asks for more, or a valid token came along all the same. */
  readonly caller: Caller
  /**
   * Aborts when nobody waits for the answer any more: the caller cancelled or died, the deadline passed, the server
   * drains. Its reason is the RpcError that the call ended with. Hand it to everything that waits.
   */
  readonly signal: AbortSignal
  /**
   * When the call ends at the latest, in milliseconds since 1970: the least of the caller's deadline and the policy's
   * time. Infinity where neither says anything.
   */
  readonly deadline: number
  /** What the caller sent along; keys are lower case. */
  readonly metadata: Metadata
  /** Sent with the status, OK or not. Set keys at any time before the call ends. */
  readonly trailers: Metadata
  /** Bound to the method and the trace: what it logs can be found by either. */
  readonly logger: Logger
  /** The W3C trace id (32 hex digits) that came with the call, or a new one. */
  readonly traceId: string
  /** "address:port" of the other end of the connection, which behind a proxy is the proxy. */
  readonly peer: string
  /** The address that the call comes from: what a trusted proxy says (client-address.ts), else the peer's, without a port. */
  readonly clientAddress: string
}
