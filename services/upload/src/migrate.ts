import { join } from 'node:path'
import { runMigration } from '@quartet/service'

runMigration({ name: 'upload', migrations: join(import.meta.dirname, '../prisma/migrations') })
