import { join } from 'node:path'
import { createVerify, remoteKeys } from '@quartet/auth'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'chat', schema, migrations }, async ({ config, connect }) => ({
  implementations: [implement(ChatService, {})],
  verify: createVerify(remoteKeys(connect(AuthService, config.QUARTET_USER_TARGET))),
}))
