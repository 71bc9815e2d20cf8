import { processMetrics } from './process-metrics.ts'
import { prometheusText } from './prometheus.ts'
import { serveMetrics } from './serve-metrics.ts'

test('a family of each type as Prometheus reads it', () => {
  const labels = { 'grpc.method': 'a.B/C', odd: 'back\\slash "quoted"\nline' }
  const buckets = { bounds: [0.1, 1], counts: [2, 1, 4], sum: 12.5 }
  expect(
    prometheusText([
      { type: 'counter', name: 'calls.started', help: 'Calls', points: [{ labels, value: 7 }] },
      { type: 'gauge', name: 'memory', unit: 'By', help: 'Memory', points: [{ labels: {}, value: 1e9 }] },
      {
        type: 'histogram',
        name: 'call.duration',
        unit: 's',
        help: 'Time',
        points: [{ labels: { m: 'x' }, value: buckets }],
      },
    ]),
  ).toBe(`# HELP calls_started_total Calls
# TYPE calls_started_total counter
calls_started_total{grpc_method="a.B/C",odd="back\\\\slash \\"quoted\\"\\nline"} 7
# HELP memory_bytes Memory
# TYPE memory_bytes gauge
memory_bytes 1000000000
# HELP call_duration_seconds Time
# TYPE call_duration_seconds histogram
call_duration_seconds_bucket{m="x",le="0.1"} 2
call_duration_seconds_bucket{m="x",le="1"} 3
call_duration_seconds_bucket{m="x",le="+Inf"} 7
call_duration_seconds_sum{m="x"} 12.5
call_duration_seconds_count{m="x"} 7
`)
})

test('the figures of the process are served over HTTP', async () => {
  const server = await serveMetrics({ host: '127.0.0.1', port: 0, sources: [processMetrics()] })
  const origin = `http://127.0.0.1:${server.port}`
  const answer = await fetch(`${origin}/metrics`)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const figures = Object.fromEntries(
    (await answer.text())
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => line.split(' ') as [string, string]),
  )
  expect(Number(figures['process_resident_memory_bytes'])).toBeGreaterThan(1e7)
  expect(Number(figures['process_cpu_seconds_total'])).toBeGreaterThan(0)
  const startedAt = Date.now() / 1000 - process.uptime()
  expect(Math.abs(Number(figures['process_start_time_seconds']) - startedAt)).toBeLessThan(60)
  expect((await fetch(`${origin}/`)).status).toBe(404)
  expect((await fetch(`${origin}/metrics`, { method: 'POST' })).status).toBe(404)

  await expect(serveMetrics({ host: '127.0.0.1', port: server.port, sources: [] })).rejects.toThrow(
    /^METRICS_PORT \d+ cannot be used: .*EADDRINUSE.*$/,
  )
  server.close()
})
