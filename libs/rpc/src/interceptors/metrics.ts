import { status } from '@grpc/grpc-js'
import type { ClientInterceptor } from '../client/interceptor.ts'
import { createHistogram, record, type Histogram } from '../histogram.ts'
import type { Interceptor } from '../interceptor.ts'
import { counter, gauge, histogram, latencyBuckets, sizeBuckets } from './metrics-families.ts'

/** What is counted of a method that is served; what ended, by its status code. */
interface Served {
  started: number
  open: number
  readonly ended: (Record<'duration' | 'sent' | 'received', Histogram> | undefined)[]
}

/** How long calls to a target and method took, by their status code. */
interface Made {
  readonly target: string
  readonly path: string
  readonly ended: (Histogram | undefined)[]
}

/**
 * Counts the calls that a process serves (`server`) and makes (`client`, an interceptor for its clients), named and
 * bucketed as in gRFC A66 (https://github.com/grpc/proposal/blob/master/A66-otel-stats.md). To count a served call is a few array
 * cells and no allocation; OpenTelemetry's instruments look their labels up at every record.
 */
export const callMetrics = () => {
  const served = new Map<string, Served>()
  const made = new Map<string, Made>()

  const server: Interceptor = {
    onCall({ method: { path } }) {
      let figures = served.get(path)
      if (!figures) served.set(path, (figures = { started: 0, open: 0, ended: [] }))
      figures.started++
      figures.open++
    },
    onEnd({ method, startedAt, sentBytes, receivedBytes }, { code }) {
      const figures = served.get(method.path)!
      figures.open--
      const ended = (figures.ended[code] ??= {
        duration: createHistogram(latencyBuckets),
        sent: createHistogram(sizeBuckets),
        received: createHistogram(sizeBuckets),
      })
      record(ended.duration, secondsSince(startedAt))
      record(ended.sent, sentBytes)
      record(ended.received, receivedBytes)
    },
  }

  const client: ClientInterceptor = {
    onEnd({ target, method: { path }, startedAt }, { code }) {
      const key = `${path} ${target}`
      let figures = made.get(key)
      if (!figures) made.set(key, (figures = { target, path, ended: [] }))
      record((figures.ended[code] ??= createHistogram(latencyBuckets)), secondsSince(startedAt))
    },
  }

  const byMethod = (figure: 'started' | 'open') =>
    [...served].map(([path, figures]) => ({ labels: { 'grpc.method': name(path) }, value: figures[figure] }))

  const byStatus = (figure: 'duration' | 'sent' | 'received') =>
    [...served].flatMap(([path, { ended }]) =>
      ended.flatMap((of, code) => (of ? [{ labels: labels(path, code), value: of[figure] }] : [])),
    )

  const byTarget = () =>
    [...made.values()].flatMap(({ target, path, ended }) =>
      ended.flatMap((value, code) =>
        value ? [{ labels: { ...labels(path, code), 'grpc.target': withScheme(target) }, value }] : [],
      ),
    )

  return {
    server,
    client,
    /** All figures as they stand, for whoever publishes them. */
    families: () => [
      counter('grpc.server.call.started', 'Calls that arrived', byMethod('started')),
      histogram(
        'grpc.server.call.duration',
        's',
        'From the arrival of a call to its status',
        byStatus('duration'),
      ),
      histogram(`grpc.server.call.sent_${totalSize}`, 'By', 'Responses of a call', byStatus('sent')),
      histogram(`grpc.server.call.rcvd_${totalSize}`, 'By', 'Requests of a call', byStatus('received')),
      histogram('grpc.client.call.duration', 's', 'From the start of a call to its end', byTarget()),
      gauge('quartet.server.open_calls', 'Calls open now, streams included', byMethod('open')),
    ],
  }
}

export type CallMetrics = ReturnType<typeof callMetrics>

const totalSize = 'total_compressed_message_size'
const secondsSince = (time: number) => (performance.now() - time) / 1000
const name = (path: string) => path.slice(1)
const labels = (path: string, code: status) => ({ 'grpc.method': name(path), 'grpc.status': status[code] })
/** A66 wants the target as a URI; one without a scheme is resolved by DNS. */
const withScheme = (target: string) => (/^(dns|ipv4|ipv6|unix|xds):/.test(target) ? target : `dns:${target}`)
