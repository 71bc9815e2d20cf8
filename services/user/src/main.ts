import { join } from 'node:path'
import { access } from '@quartet/auth'
import { assertMigrated, createPool, ping } from '@quartet/database'
import { createServer, type LimitOverrides } from '@quartet/rpc'
import { createLogger, loadConfig, run } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { ensureDemoAccounts } from './demo-accounts.ts'

run('user', async ({ onStop, useLogger }) => {
  const config = loadConfig(schema, process.env)
  const logger = createLogger('user', config.LOG_LEVEL)

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

  const server = createServer({
    implementations: app.implementations,
    access: access(app.verify),
    readiness: (signal) => ping(pool, signal),
    limits: config.RPC_LIMITS as LimitOverrides,
    logger,
  })
  const port = await server.listen(config.HOST, config.PORT)
  onStop(() => server.drain({ acceptMs: config.DRAIN_ACCEPT_MS, graceMs: config.DRAIN_GRACE_MS }))
  useLogger(logger)
  logger.info({ host: config.HOST, port }, 'listening')
})
