import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Metric__Output, MetricsService, WatchProcessMetricsResponse } from '@quartet/proto/metrics'
import { timestamp, type Handlers, type Interceptor } from '@quartet/rpc'

/** What the calls of a process have come to. */
export interface CallCounts {
  /** Since the process started. */
  readonly answered: number
  readonly openStreams: number
}

/**
 * Counts the calls that a process lets in: an interceptor for its server, and what that has counted. Health and reflection
 * are not what it is there for.
 */
export const callCounter = (): { interceptor: Interceptor; counts: CallCounts } => {
  const counts = { answered: 0, openStreams: 0 }
  const counted = (path: string) => !path.startsWith('/grpc.')
  return {
    counts,
    interceptor: {
      onCall({ method: { path, kind } }) {
        if (counted(path) && kind !== 'unary') counts.openStreams++
      },
      onEnd({ method: { path, kind } }) {
        if (!counted(path)) return
        counts.answered++
        if (kind !== 'unary') counts.openStreams--
      },
    },
  }
}

const resolutionMs = 10
const defaultIntervalMs = 1_000

/**
 * Handlers of quartet.metrics.v1.MetricsService, which every service serves: figures of its own process.
 * @param replica as in the trailer x-quartet-replica.
 */
export const metricsHandlers = (counts: CallCounts, replica: string): Handlers<typeof MetricsService> => ({
  async *watchProcessMetrics({ metrics, interval }, { signal }) {
    const chosen = metrics.length ? metrics : allMetrics
    const intervalMs = interval ? Number(interval.seconds) * 1000 + interval.nanos / 1e6 : defaultIntervalMs
    const loop = monitorEventLoopDelay({ resolution: resolutionMs })
    loop.enable()
    try {
      // The first message, which comes at once, is about all the time since the process started.
      let before: Sample = { at: performance.now() - process.uptime() * 1000, cpuMs: 0, answered: 0 }
      while (!signal.aborted) {
        const now = sample(counts)
        const figures = figuresOf(before, now, counts, loop)
        yield {
          replica,
          ...Object.assign({}, ...chosen.map((metric) => figures[metric])),
          observedAt: timestamp(new Date()),
        }
        before = now
        loop.reset()
        await sleep(intervalMs, undefined, { signal }).catch(() => {})
      }
    } finally {
      loop.disable()
    }
  },
})

const allMetrics = ['METRIC_CPU', 'METRIC_MEMORY', 'METRIC_REQUESTS'] as const

interface Sample {
  readonly at: number
  readonly cpuMs: number
  readonly answered: number
}

const sample = ({ answered }: CallCounts): Sample => {
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), cpuMs: (user + system) / 1000, answered }
}

const figuresOf = (
  before: Sample,
  now: Sample,
  { openStreams }: CallCounts,
  loop: { readonly count: number; percentile(percentile: number): number },
): Record<Metric__Output, WatchProcessMetricsResponse> => {
  const elapsedMs = now.at - before.at
  const lateMs = loop.count ? Math.max(0, loop.percentile(99) / 1e6 - resolutionMs) : 0
  return {
    METRIC_UNSPECIFIED: {},
    METRIC_CPU: {
      cpuUsage: (now.cpuMs - before.cpuMs) / elapsedMs,
      eventLoopDelay: { seconds: Math.floor(lateMs / 1000), nanos: Math.round((lateMs % 1000) * 1e6) },
    },
    METRIC_MEMORY: { memoryUsage: process.memoryUsage.rss() },
    METRIC_REQUESTS: {
      requestCount: now.answered,
      requestRate: ((now.answered - before.answered) * 1000) / elapsedMs,
      openStreams,
    },
  }
}
