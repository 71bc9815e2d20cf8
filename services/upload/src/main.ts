import { join } from 'node:path'
import { createVerify, remoteKeys } from '@quartet/auth'
import { AuthService } from '@quartet/proto/auth'
import { UploadService } from '@quartet/proto/upload'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'upload', schema, migrations }, async ({ config, connect }) => ({
  implementations: [implement(UploadService, {})],
  verify: createVerify(remoteKeys(connect(AuthService, config.QUARTET_USER_TARGET))),
}))
