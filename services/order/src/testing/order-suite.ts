import { join } from 'node:path'
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { createListener } from '@quartet/events'
import { OrderService } from '@quartet/proto/order'
import { ChatService } from '@quartet/proto/chat'
import { UserService, type UserStatus } from '@quartet/proto/user'
import { createClient, type Role } from '@quartet/rpc'
import { testDatabase, testIdentity, testServer } from '@quartet/testing'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { createApp } from '../app.ts'
import { chatService, userService } from './other-services.ts'

export const migrations = join(import.meta.dirname, '../../prisma/migrations')

/** The order service on a database of its own, with people who call it. */
export const orderSuite = async () => {
  const database = await testDatabase({ migrations })
  const identity = await testIdentity()
  const userServer = await userService(identity)
  const chatServer = await chatService(identity)
  const users = createClient(UserService, { target: userServer.target })
  const token = await identity.token({ sub: 'service:order', role: undefined, sid: undefined })
  const chat = createClient(ChatService, { target: chatServer.target, token: () => token })
  const logger = pino({ level: 'silent' })
  const listener = createListener({ url: database.url, name: 'test', onError: () => {} })
  const app = createApp({ pool: database.pool, listener, logger, users, chat })
  const server = await testServer(app.implementations, identity.verify)
  return {
    ...app,
    database,
    identity,
    server,
    userServer,
    chatServer,
    /** Somebody with a role, whom the user service knows, and a client that calls as they. */
    person: async (role: Role = 'VIEWER', userStatus: UserStatus = 'USER_STATUS_ACTIVE') => {
      const id = randomUUID()
      userServer.users.set(id, userStatus)
      const token = await identity.token({ sub: id, role })
      return { id, token, client: server.client(OrderService, token) }
    },
    async close() {
      server.close()
      for (const one of [users, chat, userServer, chatServer]) one.close()
      app.close()
      await listener.close()
      await database.drop()
    },
  }
}

/** An item of the contract. */
export const item = (productId: string, units: number, nanos = 0, quantity = 1, currencyCode = 'EUR') => ({
  productId,
  name: `The ${productId}`,
  quantity,
  unitPrice: { currencyCode, units: String(units), nanos },
})

/** So many orders of a customer, straight into the table, each with an item of so many characters. Newest first: their ids. */
export const fill = async (pool: Pool, customerId: string, count: number, characters = 1) => {
  const ids = Array.from({ length: count }, () => randomUUIDv7()).toSorted()
  await pool.query(
    `insert into orders (id, customer_id, currency, item_count, size, created_at, updated_at)
     select unnest($1::uuid[]), $2, 'EUR', 1, $3, now(), now()`,
    [ids, customerId, characters + 250],
  )
  await pool.query(
    `insert into order_items (order_id, position, product_id, name, quantity, unit_price)
     select unnest($1::uuid[]), 0, 'tea', repeat('x', $2), 1, 0`,
    [ids, characters],
  )
  return ids.toReversed()
}
