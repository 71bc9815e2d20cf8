import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MetricFamily } from './prometheus.ts'

/**
 * What the process uses, under the names that dashboards for Node know from prom-client. The delays of the event loop
 * are those since they were last read, and include the 10 ms between two measurements.
 */
export const processMetrics = (): (() => MetricFamily[]) => {
  const loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()
  const startedAt = Date.now() / 1000 - process.uptime()
  return () => {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    const lag = [loop.percentile(50), loop.percentile(99), loop.max].map((ns) => ns / 1e9)
    loop.reset()
    return [
      single('counter', 'process.cpu', 's', 'CPU time, user and system', (user + system) / 1e6),
      single('gauge', 'process.start_time', 's', 'When the process started, since 1970', startedAt),
      single('gauge', 'process.resident_memory', 'By', 'Resident memory', rss),
      single('gauge', 'nodejs.heap_size_used', 'By', 'JavaScript heap in use', heapUsed),
      single('gauge', 'nodejs.heap_size_total', 'By', 'JavaScript heap', heapTotal),
      single(
        'gauge',
        'nodejs.external_memory',
        'By',
        'Buffers and what else lies outside of the heap',
        external,
      ),
      single('gauge', 'nodejs.eventloop_lag_p50', 's', 'Delay of the event loop, median', lag[0]!),
      single('gauge', 'nodejs.eventloop_lag_p99', 's', 'Delay of the event loop, 99th percentile', lag[1]!),
      single('gauge', 'nodejs.eventloop_lag_max', 's', 'Delay of the event loop, longest', lag[2]!),
    ]
  }
}

const single = (
  type: 'counter' | 'gauge',
  name: string,
  unit: 's' | 'By',
  help: string,
  value: number,
): MetricFamily => ({ type, name, unit, help, points: [{ labels: {}, value }] })
