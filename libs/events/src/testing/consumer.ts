import { createPool, inTransaction } from '@quartet/database'
import { UserService, type WatchUsersResponse__Output } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import type { PoolClient } from 'pg'
import { pino } from 'pino'
import { consume } from '../consume.ts'

/** A replica that follows the users of TARGET and writes the numbers of their events into the table `effects`, under NAME. */
const pool = createPool({ url: process.env['DATABASE_URL']!, name: 'consumer', onError: () => {} })
const users = createClient(UserService, { target: process.env['TARGET']! })

const name = process.env['NAME']!

void consume<WatchUsersResponse__Output, PoolClient>({
  name,
  pool,
  transaction: (work) => inTransaction(pool, work),
  start: (resumeToken) => users.watchUsers({ resumeToken }),
  cursorOf: ({ resumeToken }) => resumeToken,
  async apply(tx, { eventId }) {
    if (eventId) await tx.query('insert into effects (name, number) values ($1, $2)', [name, eventId])
  },
  signal: new AbortController().signal,
  logger: pino({ level: 'silent' }),
})
