import type { ClientInterceptor, Interceptor } from '@quartet/rpc'
import type { Logger } from 'pino'

export interface Tracing {
  /** For `createServer`. */
  readonly server: Interceptor
  /** For `createClient`. */
  readonly client: ClientInterceptor
  /** Sends what is left, within two seconds. */
  stop(): Promise<void>
}

/**
 * Starts OpenTelemetry where the environment names somebody to send traces to (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) and does not say otherwise; else nothing of it is even loaded. Own spans and
 * OpenTelemetry's instrumentations find it by the usual globals of `@opentelemetry/api`.
 * @throws Error in one line where an OTEL_… variable is not valid.
 */
export const startTracing = async (
  service: string,
  environment: NodeJS.ProcessEnv,
  logger: Logger,
): Promise<Tracing | undefined> => {
  const endpoint =
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_ENDPOINT']
  const off = environment['OTEL_SDK_DISABLED'] === 'true' || environment['OTEL_TRACES_EXPORTER'] === 'none'
  if (!endpoint || off) return undefined
  if (!/^https?:/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT is not valid (a URL, as http://127.0.0.1:4318)')
  const { startSdk } = await import('./sdk.ts')
  return startSdk(service, environment, logger)
}
