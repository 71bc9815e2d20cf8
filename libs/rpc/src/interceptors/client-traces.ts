import { status, type Metadata } from '@grpc/grpc-js'
import {
  context,
  propagation,
  SpanKind,
  trace,
  type Attributes,
  type Span,
  type TextMapSetter,
  type Tracer,
} from '@opentelemetry/api'
import type { ClientInterceptor, OutgoingCall } from '../client/interceptor.ts'
import { endSpan, methodName, spanAttributes } from './span.ts'

/**
 * A span for each call that is made, retries included, below the active one: within a handler, the call that it
 * serves. The server's span hangs below this one. Anything but OK is an error here.
 */
export const clientTraces = (tracer: Tracer): ClientInterceptor => {
  const spans = new WeakMap<OutgoingCall, Span>()
  return {
    onCall(call) {
      const active = context.active()
      const attributes = { ...spanAttributes(call.method), ...addressOf(call.target) }
      const span = tracer.startSpan(methodName(call.method), { kind: SpanKind.CLIENT, attributes }, active)
      spans.set(call, span)
      propagation.inject(trace.setSpan(active, span), call.metadata, metadataSetter)
    },
    onEnd(call, { code }) {
      endSpan(spans.get(call)!, code, code !== status.OK)
    },
  }
}

/** "dns:///user:50051" is the address user and the port 50051. */
const addressOf = (target: string): Attributes => {
  const [, address, port] = /([^/]*?)(?::(\d+))?$/.exec(target)!
  return port ? { 'server.address': address, 'server.port': Number(port) } : { 'server.address': target }
}

const metadataSetter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) }
