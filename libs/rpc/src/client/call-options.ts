import { durationMs } from '@bufbuild/protobuf/wkt'
import { Metadata, type CallCredentials } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import type { Context } from '../context.ts'
import { traceparentFor } from '../trace-id.ts'

/** What one call may be given. */
export interface CallOptions {
  /** The call being served: its deadline, its cancel, its caller's token and its trace are carried on. */
  readonly parent?: Context
  /** Cancels the call. */
  readonly signal?: AbortSignal
  /** Milliseconds; the policy's time unless given. The parent's deadline wins where it is earlier. */
  readonly timeoutMs?: number
  /** False: fail with UNAVAILABLE while there is no connection. Else the call waits for one until its deadline. */
  readonly waitForReady?: boolean
  readonly metadata?: Metadata
  /** Asked for metadata by grpc-js when the connection is there; TLS only. See docs/clients.md. */
  readonly credentials?: CallCredentials
  /** Called with what the server sent behind its last message, before the call resolves. */
  readonly onTrailers?: (trailers: Metadata) => void
}

/** grpc-js reads a grpc-timeout into 32 bits: past 24 days a deadline is over at once. */
const maxTimeoutMs = 20 * 24 * 60 * 60 * 1000

/** When the call ends at the latest, in milliseconds since 1970: the least of what it was given, policy and parent. */
export const deadlineOf = (method: Method, { timeoutMs, parent }: CallOptions): number => {
  const policyTimeout = method.policy?.timeout && durationMs(method.policy.timeout)
  const ownMs = Math.min(timeoutMs ?? policyTimeout ?? maxTimeoutMs, maxTimeoutMs)
  return Math.min(Date.now() + ownMs, parent?.deadline ?? Infinity)
}

/** What is sent ahead of the requests: whose call it is (the caller's own token first, ours last), and its trace. */
export const metadataOf = (
  { metadata, parent, waitForReady = true }: CallOptions,
  token: (() => string | undefined) | undefined,
): Metadata => {
  // The option of the same name in a service config is parsed and ignored.
  const all = new Metadata({ waitForReady })
  if (metadata) all.merge(metadata)
  if (parent) {
    all.set('traceparent', traceparentFor(parent))
    const authorization = parent.metadata.get('authorization')[0]
    if (authorization && !all.get('authorization').length) all.set('authorization', authorization)
  }
  const own = all.get('authorization').length ? undefined : token?.()
  if (own) all.set('authorization', `Bearer ${own}`)
  return all
}
