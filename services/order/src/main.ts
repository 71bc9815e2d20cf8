import { join } from 'node:path'
import { createVerify, remoteKeys } from '@quartet/auth'
import { AuthService } from '@quartet/proto/auth'
import { OrderService } from '@quartet/proto/order'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'order', schema, migrations }, async ({ config, connect }) => ({
  implementations: [implement(OrderService, {})],
  verify: createVerify(remoteKeys(connect(AuthService, config.QUARTET_USER_TARGET))),
}))
