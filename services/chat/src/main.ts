import { join } from 'node:path'
import { ChatService } from '@quartet/proto/chat'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'chat', schema, migrations }, async ({ config, identity }) => ({
  implementations: [implement(ChatService, {})],
  verify: identity(config.QUARTET_USER_TARGET).verify,
}))
