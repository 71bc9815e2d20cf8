import { setTimeout as sleep } from 'node:timers/promises'
import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  setGlobalErrorHandler,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import type { OTLPTraceExporter as Exporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { clientTraces } from '@quartet/rpc/client-traces'
import { traces } from '@quartet/rpc/traces'
import type { Logger } from 'pino'
import { samplerFrom } from './sampler.ts'

/** Each reads its own OTEL_EXPORTER_OTLP_… variables: endpoint, headers, timeout, compression, certificates. */
const exporters: Record<string, () => Promise<{ OTLPTraceExporter: typeof Exporter }>> = {
  'http/protobuf': () => import('@opentelemetry/exporter-trace-otlp-proto'),
  'http/json': () => import('@opentelemetry/exporter-trace-otlp-http'),
}

/** A collector that does not answer must not hold up the end of the process for longer. */
const flushMs = 2_000

/** Sets OpenTelemetry up for the process; see start-tracing.ts. */
export const startSdk = async (service: string, environment: NodeJS.ProcessEnv, logger: Logger) => {
  const protocol =
    environment['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ||
    environment['OTEL_EXPORTER_OTLP_PROTOCOL'] ||
    'http/protobuf'
  const load = exporters[protocol]
  if (!load)
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL is not valid (one of ${Object.keys(exporters).join(', ')})`)
  const { OTLPTraceExporter } = await load()
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service, 'service.namespace': 'quartet' }))
      .merge(detectResources({ detectors: [hostDetector, envDetector] })),
    sampler: samplerFrom(environment),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  const warn = (message: string) => logger.warn(`OpenTelemetry: ${message}`)
  setGlobalErrorHandler((error) => warn(typeof error === 'string' ? error : (error.message ?? 'error')))
  diag.setLogger(
    { error: warn, warn, info() {}, debug() {}, verbose() {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
  trace.setGlobalTracerProvider(provider)
  const tracer = provider.getTracer('@quartet/rpc')
  return {
    server: traces(tracer),
    client: clientTraces(tracer),
    async stop() {
      const sent = await Promise.race([provider.shutdown().then(() => true), sleep(flushMs, false)])
      if (!sent) warn('the last spans could not be sent in time')
    },
  }
}
