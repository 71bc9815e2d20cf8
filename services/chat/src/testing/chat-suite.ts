import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createListener } from '@quartet/events'
import { ChatService } from '@quartet/proto/chat'
import type { Role } from '@quartet/rpc'
import { testDatabase, testIdentity, testServer, type TestIdentity } from '@quartet/testing'
import { pino } from 'pino'
import { createApp } from '../app.ts'

export const migrations = join(import.meta.dirname, '../../prisma/migrations')

type Database = Awaited<ReturnType<typeof testDatabase>>

/** Two replicas of the chat service on one database, and people who talk there. */
export const chatSuite = async (database?: Database) => {
  database ??= await testDatabase({ migrations })
  const identity = await testIdentity()
  const here = await replica(database, identity)
  const elsewhere = await replica(database, identity)
  return {
    database,
    here,
    elsewhere,
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
      await Promise.all([here.close(), elsewhere.close()])
      await database.drop()
    },
  }
}

export type Person = Awaited<ReturnType<Awaited<ReturnType<typeof chatSuite>>['person']>>

/** Nobody looks at figures here. */
const nowhere = '127.0.0.1:1'
const targets = { user: nowhere, order: nowhere, upload: nowhere, chat: nowhere }

const replica = async ({ pool, url }: Database, { verify }: TestIdentity) => {
  const logs: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) })
  const listener = createListener({ url, name: 'test', onError: (err) => logger.warn({ err }, 'listener') })
  const app = createApp({ pool, listener, logger, targets, clientOptions: {} })
  const server = await testServer(app.implementations, verify)
  return {
    ...server,
    /** What the app logs beside its calls. */
    appLogs: logs,
    onSaid: app.onSaid,
    async close() {
      server.close()
      app.close()
      await listener.close()
    },
  }
}
