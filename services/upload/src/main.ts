import { join } from 'node:path'
import { UploadService } from '@quartet/proto/upload'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'upload', schema, migrations }, async ({ config, identity }) => ({
  implementations: [implement(UploadService, {})],
  verify: identity(config.QUARTET_USER_TARGET).verify,
}))
