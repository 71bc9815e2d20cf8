import { randomFillSync } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import type { Context } from './context.ts'

/** The trace id that came with a call (https://www.w3.org/TR/trace-context/#traceparent-header), or a new one. */
export const traceIdOf = (metadata: Metadata): string => {
  const [traceparent] = metadata.get('traceparent')
  const came = traceparent && /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(String(traceparent))
  return came ? came[1]! : newTraceId()
}

const idBytes = 16
/** Random bytes are dear one by one and cheap by the page. */
const pool = Buffer.alloc(256 * idBytes)
let used = pool.length

const newTraceId = (): string => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.toString('hex', used, (used += idBytes))
}

/**
 * The traceparent of a call made while another is served: the one that came, since a service that leaves no spans
 * must not name any; where none came, one that carries the trace id.
 */
export const traceparentFor = ({ metadata, traceId }: Context): string => {
  const came = String(metadata.get('traceparent')[0] ?? '')
  return came.startsWith(`00-${traceId}-`) ? came : `00-${traceId}-${traceId.slice(16)}-01`
}
