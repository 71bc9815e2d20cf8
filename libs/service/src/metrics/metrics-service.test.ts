import { UserService } from '@quartet/proto/user'
import { MetricsService, type WatchProcessMetricsResponse__Output } from '@quartet/proto/metrics'
import { createClient, createServer, implement } from '@quartet/rpc'
import { pino } from 'pino'
import { callCounter, metricsHandlers } from './metrics-service.ts'

const calls = callCounter()
const server = createServer({
  implementations: [
    implement(MetricsService, metricsHandlers(calls.counts, 'here')),
    implement(UserService, { getUser: async () => ({}) }),
  ],
  access: {},
  interceptors: [calls.interceptor],
  readiness: async () => {},
  logger: pino({ level: 'silent' }),
})
const target = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`
const client = createClient(MetricsService, { target })
const users = createClient(UserService, { target })
afterAll(() => {
  client.close()
  users.close()
  server.close()
})

const userId = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
const interval = { nanos: 100_000_000 }

test('figures of the process come at once and then at each interval', async () => {
  const stream = client.watchProcessMetrics({ interval })[Symbol.asyncIterator]()
  const next = async () => (await stream.next()).value as WatchProcessMetricsResponse__Output
  const first = await next()
  expect(first).toMatchObject({ replica: 'here', requestCount: '0', openStreams: 1 })
  expect(Number(first.memoryUsage)).toBeGreaterThan(10_000_000)
  expect(Math.abs(Number(first.observedAt!.seconds) * 1000 - Date.now())).toBeLessThan(60_000)

  await Promise.all(Array.from({ length: 5 }, () => users.getUser({ userId })))
  const began = process.cpuUsage()
  while (process.cpuUsage(began).user < 50_000); // 50 ms of work, in which the event loop is late
  let figures = await next()
  while (figures.requestCount !== '5') figures = await next()
  expect(figures.requestRate).toBeGreaterThan(0)
  expect(figures.cpuUsage).toBeGreaterThan(0)
  await stream.return!()
})

test('what was not asked for stays 0', async () => {
  const stream = client.watchProcessMetrics({ metrics: ['METRIC_MEMORY'] })[Symbol.asyncIterator]()
  const { value } = await stream.next()
  expect(value).toMatchObject({ cpuUsage: 0, eventLoopDelay: null, requestRate: 0, openStreams: 0 })
  expect(Number((value as WatchProcessMetricsResponse__Output).memoryUsage)).toBeGreaterThan(0)
  await stream.return!()
  while (calls.counts.openStreams) await new Promise(setImmediate)
})
