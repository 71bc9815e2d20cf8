import { randomUUID } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'

/** The trace id that came with a call (https://www.w3.org/TR/trace-context/#traceparent-header), or a new one. */
export const traceIdOf = (metadata: Metadata): string => {
  const traceparent = String(metadata.get('traceparent')[0] ?? '')
  const [, traceId] = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(traceparent) ?? []
  return traceId ?? randomUUID().replaceAll('-', '')
}
