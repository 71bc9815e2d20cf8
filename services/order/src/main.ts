import { join } from 'node:path'
import { OrderService } from '@quartet/proto/order'
import { implement } from '@quartet/rpc'
import { runService } from '@quartet/service'
import { schema } from './config.ts'

const migrations = join(import.meta.dirname, '../prisma/migrations')

runService({ name: 'order', schema, migrations }, async ({ config, identity }) => ({
  implementations: [implement(OrderService, {})],
  verify: identity(config.QUARTET_USER_TARGET).verify,
}))
