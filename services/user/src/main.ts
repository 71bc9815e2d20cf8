import { join } from 'node:path'
import { access } from '@quartet/auth'
import {
  assertMigrated,
  createPool,
  isConnectionFailure,
  ping,
  sweepIdempotencyKeys,
} from '@quartet/database'
import { callMetrics, createServer, type LimitOverrides } from '@quartet/rpc'
import {
  createLogger,
  loadConfig,
  poolMetrics,
  processMetrics,
  run,
  serveMetrics,
  startTracing,
  watchEventLoop,
} from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { ensureDemoAccounts } from './demo-accounts.ts'

/** Each time at most 1,000 of the keys that are more than 24 hours old. */
const sweepEveryMs = 60_000

run('user', async ({ onStop, useLogger }) => {
  const config = loadConfig(schema, process.env)
  const logger = createLogger('user', config.LOG_LEVEL)
  const tracing = await startTracing('user', process.env, logger)
  onStop(() => tracing?.stop())

  const pool = createPool({
    url: config.DATABASE_URL,
    name: 'user',
    max: config.DATABASE_POOL_SIZE,
    onError: (err) => logger.warn({ err }, 'a connection to the database broke'),
  })
  onStop(() => pool.end())
  await assertMigrated(pool, join(import.meta.dirname, '../prisma/migrations'))

  const app = await createApp(pool)
  if (config.QUARTET_DEMO) await ensureDemoAccounts(config.QUARTET_DEMO_ACCOUNTS, app.users)

  const sweep = setInterval(() => {
    sweepIdempotencyKeys(pool).catch((err: unknown) => logger.warn({ err }, 'could not sweep old keys'))
  }, sweepEveryMs)
  onStop(() => clearInterval(sweep))

  const loop = watchEventLoop({ limitMs: config.MAX_EVENT_LOOP_DELAY_MS, logger })
  const metrics = config.METRICS_PORT ? callMetrics() : undefined
  if (config.METRICS_PORT && metrics) {
    const sources = [metrics.families, processMetrics(), poolMetrics(pool)]
    const { close } = await serveMetrics({ host: config.HOST, port: config.METRICS_PORT, sources })
    onStop(close)
  }

  const server = createServer({
    implementations: app.implementations,
    access: access(app.verify),
    readiness: async (signal) => {
      loop.assertResponsive()
      await ping(pool, signal)
    },
    isUnavailable: isConnectionFailure,
    limits: config.RPC_LIMITS as LimitOverrides,
    maxCallsInFlight: config.MAX_CALLS_IN_FLIGHT,
    tracer: tracing?.tracer,
    metrics,
    logger,
  })
  const port = await server.listen(config.HOST, config.PORT)
  onStop(() => server.drain({ acceptMs: config.DRAIN_ACCEPT_MS, graceMs: config.DRAIN_GRACE_MS }))
  useLogger(logger)
  logger.info({ host: config.HOST, port }, 'listening')
})
