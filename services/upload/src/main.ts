import { join } from 'node:path'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { localFileStore } from './local-file-store.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')
const sweepEveryMs = 60_000

runService({ name: 'upload', schema, migrations }, async ({ config, pool, logger, onStop, identity }) => {
  const app = createApp({
    pool,
    store: await localFileStore(config.FILES_DIR),
    maxFileSize: config.MAX_FILE_SIZE,
    verify: identity(config.QUARTET_USER_TARGET).verify,
    logger,
  })
  const sweep = setInterval(() => {
    app.sweep().catch((err: unknown) => logger.warn({ err }, 'could not sweep old uploads'))
  }, sweepEveryMs)
  onStop(() => clearInterval(sweep))
  return app
})
