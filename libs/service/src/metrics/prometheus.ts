interface Family<Type, Value> {
  readonly type: Type
  /** As OpenTelemetry writes names: "grpc.server.call.duration". */
  readonly name: string
  readonly unit?: 's' | 'By'
  readonly help: string
  readonly points: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: Value }[]
}

/** `counts[i]` values were above `bounds[i - 1]` and at most `bounds[i]`; the last count has no upper bound. */
interface Buckets {
  readonly bounds: readonly number[]
  readonly counts: ArrayLike<number>
  readonly sum: number
}

/** A metric and all its figures. */
export type MetricFamily = Family<'counter' | 'gauge', number> | Family<'histogram', Buckets>

/**
 * Metrics in Prometheus' text format, version 0.0.4, under the names that OpenTelemetry's exporters give them:
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export const prometheusText = (families: readonly MetricFamily[]): string =>
  families.map((family) => `${lines(family).join('\n')}\n`).join('')

const units = { s: '_seconds', By: '_bytes' }

const lines = (family: MetricFamily): string[] => {
  const unit = family.unit ? units[family.unit] : ''
  const name = underscored(family.name) + unit + (family.type === 'counter' ? '_total' : '')
  return [
    `# HELP ${name} ${family.help}`,
    `# TYPE ${name} ${family.type}`,
    ...(family.type === 'histogram'
      ? family.points.flatMap(({ labels, value }) => bucketLines(name, labels, value))
      : family.points.map(({ labels, value }) => line(name, labels, value))),
  ]
}

/** Prometheus' buckets count everything up to their bound. */
const bucketLines = (name: string, labels: Readonly<Record<string, string>>, buckets: Buckets): string[] => {
  let count = 0
  const counted = [...buckets.bounds, '+Inf'].map((bound, i) => {
    count += buckets.counts[i]!
    return line(`${name}_bucket`, { ...labels, le: String(bound) }, count)
  })
  return [...counted, line(`${name}_sum`, labels, buckets.sum), line(`${name}_count`, labels, count)]
}

const line = (name: string, labels: Readonly<Record<string, string>>, value: number): string => {
  const pairs = Object.entries(labels).map(([key, label]) => `${underscored(key)}="${escaped(label)}"`)
  return pairs.length ? `${name}{${pairs.join(',')}} ${value}` : `${name} ${value}`
}

const underscored = (name: string) => name.replaceAll('.', '_')
const escaped = (label: string) =>
  label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
