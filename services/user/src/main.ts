import { join } from 'node:path'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { ensureDemoAccounts } from './demo-accounts.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'user', schema, migrations }, async ({ config, pool }) => {
  const app = await createApp(pool, { serviceSecretsDir: config.QUARTET_SERVICE_SECRETS_DIR })
  if (config.QUARTET_DEMO) await ensureDemoAccounts(config.QUARTET_DEMO_ACCOUNTS, app.users)
  return app
})
