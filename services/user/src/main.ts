import { join } from 'node:path'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'
import { ensureDemoAccounts } from './demo-accounts.ts'
import { startHousekeeping } from './housekeeping.ts'
import { keySealingOf } from './key-sealing.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'user', schema, migrations }, async ({ config, onStop, ...foundation }) => {
  const app = await createApp(foundation, {
    sealing: await keySealingOf(config),
    replaceLostKeys: config.QUARTET_DEMO,
    serviceSecretsDir: config.QUARTET_SERVICE_SECRETS_DIR,
  })
  onStop(app.feed.close)
  if (config.QUARTET_DEMO) await ensureDemoAccounts(config.QUARTET_DEMO_ACCOUNTS, app.users)
  onStop(startHousekeeping({ ...app, keyDays: config.QUARTET_KEY_DAYS, logger: foundation.logger }))
  return { ...app, metrics: [app.feed.metrics] }
})
