import { join } from 'node:path'
import { migrate } from '@quartet/database'
import { loadConfig, run } from '@quartet/service'
import { schema } from './config.ts'

/** Brings the service's database up to its schema and ends: before the service starts, any number at once. */
run('chat migrate', async () => {
  const { DATABASE_URL } = loadConfig({ DATABASE_URL: schema.DATABASE_URL }, process.env)
  await migrate({
    url: DATABASE_URL,
    directory: join(import.meta.dirname, '../prisma/migrations'),
    log: (line) => console.log(line),
  })
  process.exit(0)
})
