import { randomUUID } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import type { Context } from './context.ts'

/** The trace id that came with a call (https://www.w3.org/TR/trace-context/#traceparent-header), or a new one. */
export const traceIdOf = (metadata: Metadata): string => {
  const traceparent = String(metadata.get('traceparent')[0] ?? '')
  const [, traceId] = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(traceparent) ?? []
  return traceId ?? randomUUID().replaceAll('-', '')
}

/**
 * The traceparent of a call made while another is served: the one that came, since a service that leaves no spans
 * must not name any; where none came, one that carries the trace id.
 */
export const traceparentFor = ({ metadata, traceId }: Context): string => {
  const came = String(metadata.get('traceparent')[0] ?? '')
  return came.startsWith(`00-${traceId}-`) ? came : `00-${traceId}-${traceId.slice(16)}-01`
}
