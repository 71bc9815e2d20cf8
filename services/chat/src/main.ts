import { join } from 'node:path'
import { runService } from '@quartet/service'
import { createApp } from './app.ts'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'chat', schema, migrations }, async ({ config, pool, identity }) => ({
  ...createApp(pool),
  verify: identity(config.QUARTET_USER_TARGET).verify,
}))
