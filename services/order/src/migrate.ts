import { join } from 'node:path'
import { runMigration } from '@quartet/service'

runMigration({ name: 'order', migrations: join(import.meta.dirname, '../prisma/migrations') })
