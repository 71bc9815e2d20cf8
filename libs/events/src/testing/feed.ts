import { join } from 'node:path'
import { inTransaction } from '@quartet/database'
import { testDatabase } from '@quartet/testing'
import { pino } from 'pino'
import type { Pool } from 'pg'
import { createFeed } from '../feed.ts'
import { createListener } from '../listener.ts'

/** A database with the tables `events` and `cursors`. */
export const eventsDatabase = () => testDatabase({ migrations: join(import.meta.dirname, 'migrations') })

/** A feed of numbers as a process has it, with a LISTEN connection of its own. What it logs is kept. */
export const numberFeed = ({ pool, url, name = 'numbers' }: { pool: Pool; url: string; name?: string }) => {
  const logs: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) })
  const listener = createListener({ url, name, onError: (err) => logger.warn({ err }, 'listener') })
  const feed = createFeed({ name, pool, listener, logger, toEntry: numberOf })
  return {
    ...feed,
    logs,
    /** Writes numbers down, each an event, in one transaction. */
    async write(...numbers: readonly number[]) {
      await inTransaction(pool, (tx) => feed.append(tx, ...numbers.map(event)))
      feed.committed()
    },
    async stop() {
      feed.close()
      await listener.close()
    },
  }
}

export const event = (number: number) => ({ kind: 'counted', subject, data: { number } })
export const subject = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
const numberOf = ({ data, resumeToken }: { data: { number: number }; resumeToken: string }) => ({
  number: data.number,
  resumeToken,
})
