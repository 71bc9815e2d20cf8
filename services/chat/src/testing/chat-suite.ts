import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ChatService } from '@quartet/proto/chat'
import type { Role } from '@quartet/rpc'
import { testDatabase, testIdentity, testServer } from '@quartet/testing'
import { createApp } from '../app.ts'

const migrations = join(import.meta.dirname, '../../prisma/migrations')

/** Two replicas of the chat service on one database, and people who talk there. */
export const chatSuite = async () => {
  const database = await testDatabase({ migrations })
  const identity = await testIdentity()
  const replica = () => testServer(createApp(database.pool).implementations, identity.verify)
  const here = await replica()
  const elsewhere = await replica()
  return {
    database,
    here,
    /** Somebody who is signed in, as a client of either replica. */
    async person(role: Role = 'VIEWER') {
      const id = randomUUID()
      const token = await identity.token({ sub: id, role })
      return { id, chat: here.client(ChatService, token), elsewhere: elsewhere.client(ChatService, token) }
    },
    /** Another service, as a client of the first replica. */
    async service(name: string) {
      return here.client(ChatService, await identity.token({ sub: `service:${name}` }))
    },
    async close() {
      here.close()
      elsewhere.close()
      await database.drop()
    },
  }
}

export type Person = Awaited<ReturnType<Awaited<ReturnType<typeof chatSuite>>['person']>>
