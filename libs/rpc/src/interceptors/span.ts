import { SpanStatusCode, type Attributes, type Span } from '@opentelemetry/api'
import { status } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'

// What the spans of both ends have in common, by OpenTelemetry's conventions for RPC
// (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).

/** "quartet.user.v1.UserService/GetUser": the span's name and its rpc.method. */
export const methodName = ({ path }: Method): string => path.slice(1)

export const spanAttributes = (method: Method): Attributes => ({
  'rpc.system.name': 'grpc',
  'rpc.method': methodName(method),
})

/** Ends a span with the call's status; `failed` says whether that counts as an error at this end. */
export const endSpan = (span: Span, code: status, failed: boolean): void => {
  span.setAttribute('rpc.status_code', status[code])
  if (failed) {
    span.setAttribute('error.type', status[code])
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}
