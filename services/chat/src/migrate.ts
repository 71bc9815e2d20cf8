import { join } from 'node:path'
import { runMigration } from '@quartet/service'

runMigration({ name: 'chat', migrations: join(import.meta.dirname, '../prisma/migrations') })
