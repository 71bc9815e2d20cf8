import { status, type Metadata } from '@grpc/grpc-js'
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Context,
  type TextMapGetter,
  type Tracer,
} from '@opentelemetry/api'
import { isInfrastructure } from '../infrastructure.ts'
import type { InterceptedCall, Interceptor } from '../interceptor.ts'
import { endSpan, methodName, spanAttributes } from './span.ts'

/**
 * What of a server's answers is an error of the server: the convention leaves out what the caller did or chose.
 * https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
const failures = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
])

/**
 * A span for each call that is served, below the span that its traceparent names. It is the active one while the
 * handler runs, so that what the handler traces hangs below it. The caller finds it by the trailer traceresponse
 * (https://www.w3.org/TR/trace-context-2/#traceresponse-header), the log by the same trace id. Health and reflection
 * leave none.
 */
export const traces = (tracer: Tracer): Interceptor => {
  const contexts = new WeakMap<InterceptedCall, Context>()
  return {
    onCall(call) {
      const { method, metadata } = call
      if (isInfrastructure(method)) return
      const remote = propagation.extract(ROOT_CONTEXT, metadata, metadataGetter)
      const options = { kind: SpanKind.SERVER, attributes: spanAttributes(method) }
      const span = tracer.startSpan(methodName(method), options, remote)
      contexts.set(call, trace.setSpan(remote, span))
      const { traceId, spanId, traceFlags } = span.spanContext()
      call.traceId = traceId
      call.trailers.set('traceresponse', `00-${traceId}-${spanId}-${hexByte(traceFlags)}`)
    },
    around(call, run) {
      const active = contexts.get(call)
      if (active) context.with(active, run)
      else run()
    },
    onEnd(call, { code }) {
      const active = contexts.get(call)
      if (active) endSpan(trace.getSpan(active)!, code, failures.has(code))
    },
  }
}

const metadataGetter: TextMapGetter<Metadata> = {
  get: (metadata, key) => metadata.get(key).map(String),
  keys: (metadata) => Object.keys(metadata.getMap()),
}

const hexByte = (byte: number) => byte.toString(16).padStart(2, '0')
