import { durationMs } from '@bufbuild/protobuf/wkt'
import { Metadata, type CallOptions as GrpcCallOptions } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import type { Context } from '../context.ts'

/** What one call may be given. */
export interface CallOptions {
  /** The call being served: its deadline, its cancel, its caller's token and its trace are carried on. */
  readonly parent?: Context
  /** Cancels the call. */
  readonly signal?: AbortSignal
  /** Milliseconds; the policy's time unless given. The parent's deadline wins where it is earlier. */
  readonly timeoutMs?: number
  readonly metadata?: Metadata
  /** Called with what the server sent behind its last message, before the call resolves. */
  readonly onTrailers?: (trailers: Metadata) => void
}

/** grpc-js reads a grpc-timeout into 32 bits: past 24 days a deadline is over at once. */
const maxTimeoutMs = 20 * 24 * 60 * 60 * 1000

export const callSettings = (
  method: Method,
  options: CallOptions,
  token: (() => string | undefined) | undefined,
) => {
  const { parent, signal, onTrailers } = options
  const policyTimeout = method.policy?.timeout && durationMs(method.policy.timeout)
  const timeoutMs = Math.min(options.timeoutMs ?? policyTimeout ?? maxTimeoutMs, maxTimeoutMs)
  const deadline = Math.min(Date.now() + timeoutMs, parent?.deadline ?? Infinity)
  const signals = [signal, parent?.signal].filter((one) => one !== undefined)
  return {
    metadata: metadataOf(options, token),
    grpcOptions: { deadline } satisfies GrpcCallOptions,
    signals,
    onTrailers,
  }
}

const metadataOf = (
  { metadata, parent }: CallOptions,
  token: (() => string | undefined) | undefined,
): Metadata => {
  // A call waits for a connection until its deadline, rather than fail while a server restarts. The option of the
  // same name in a service config is parsed and ignored.
  const all = new Metadata({ waitForReady: true })
  if (metadata) all.merge(metadata)
  if (parent) {
    all.set('traceparent', `00-${parent.traceId}-${parent.traceId.slice(16)}-01`)
    const authorization = parent.metadata.get('authorization')[0]
    if (authorization && !all.get('authorization').length) all.set('authorization', authorization)
  }
  const own = all.get('authorization').length ? undefined : token?.()
  if (own) all.set('authorization', `Bearer ${own}`)
  return all
}
