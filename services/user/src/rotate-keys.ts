import { join } from 'node:path'
import { assertMigrated, createPool, prismaOptions } from '@quartet/database'
import { loadConfig, run } from '@quartet/service'
import { readOptions } from './command-line.ts'
import { schema } from './config.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { keyRotation } from './key-rotation.ts'
import { keySealingOf } from './key-sealing.ts'

/**
 * `npm run keys:rotate`, while the service runs or not: creates the next signing key, which signs once everybody has met it.
 * `-- --now` has it sign at once and accepts no other, for a key that leaked.
 */
run('keys:rotate', async () => {
  const { now } = readOptions({ now: { type: 'boolean', default: false } }, 'npm run keys:rotate [-- --now]')
  const { DATABASE_URL, QUARTET_KEY_SECRET_FILE, QUARTET_DEMO } = schema
  const config = loadConfig({ DATABASE_URL, QUARTET_KEY_SECRET_FILE, QUARTET_DEMO }, process.env)
  const pool = createPool({ url: config.DATABASE_URL, name: 'keys:rotate', max: 1, onError: () => {} })
  await assertMigrated(pool, join(import.meta.dirname, '../prisma/migrations'))

  const rotation = keyRotation(new PrismaClient(prismaOptions(pool)), await keySealingOf(config))
  const signsFrom = await rotation.rotate({ atOnce: now })
  console.log(
    now
      ? 'The new key signs from now on, and no other is accepted.'
      : `The next key is published, and signs from ${signsFrom!.toISOString()} on.`,
  )
  process.exit(0)
})
