import { setTimeout as sleep } from 'node:timers/promises'
import { follow, RpcError } from '@quartet/rpc'
import type { Logger } from 'pino'
import type { Pool } from 'pg'
import { holdingLock } from './lock.ts'
import { execute, sql, type Transaction } from './statement.ts'

export interface ConsumeOptions<Message, Tx extends Transaction> {
  /** Of the cursor: who follows what, "chat follows orders". */
  readonly name: string
  /** Of the consumer's own database, which has the table `cursors`. */
  readonly pool: Pool
  /** Runs work in a transaction of that database: what it does is stored when `work` resolves, or not at all. */
  readonly transaction: (work: (tx: Tx) => Promise<void>) => Promise<void>
  /** Makes the call: `(resumeToken) => orders.streamOrderUpdates({ resumeToken })`; '' is from now. */
  readonly start: (cursor: string) => AsyncIterable<Message>
  /** Where to go on after a message; undefined or '' where it moves nothing. */
  readonly cursorOf: (message: Message) => string | undefined
  /**
   * Does in the transaction what follows from a message, heartbeats included. It waits for nothing but the database. One
   * that throws is asked again with the same message, until it does not: what it can do nothing about it should log
   * and leave.
   */
  readonly apply: (tx: Tx, message: Message) => Promise<void>
  /** Ends the consuming. */
  readonly signal: AbortSignal
  readonly logger: Logger
}

const delays = { leastMs: 250, mostMs: 30_000 }

/**
 * Follows another service's stream and does something for each message exactly once, through any crash and with any
 * number of replicas: where the stream goes on is stored in the transaction of what was done. One replica follows at a
 * time; when it goes, another takes over within some seconds. The first start ever is from now.
 *
 * Resolves when `signal` has aborted and nothing runs any more; never rejects. A cursor that has expired, after seven
 * days in which no replica ran, is logged as an error, and the following starts from now.
 */
export const consume = async <Message, Tx extends Transaction>(
  options: ConsumeOptions<Message, Tx>,
): Promise<void> => {
  const { name, pool, signal, logger } = options
  let delayMs = delays.leastMs
  const onProgress = () => (delayMs = delays.leastMs)
  while (!signal.aborted) {
    try {
      await holdingLock({ pool, name: `consume ${name}`, signal }, (held) =>
        applyAll(options, held, onProgress),
      )
    } catch (err) {
      if (signal.aborted) return
      logger.error({ err, consumer: name, delayMs }, 'consuming failed and is tried again')
      delayMs = Math.min(delayMs * 2, delays.mostMs)
    }
    await sleep(delayMs * Math.random(), undefined, { signal }).catch(() => {})
  }
}

/** Applies one message after the other, from the stored cursor on, until the stream or `held` ends. */
const applyAll = async <Message, Tx extends Transaction>(
  { name, pool, transaction, start, cursorOf, apply, logger }: ConsumeOptions<Message, Tx>,
  held: AbortSignal,
  onProgress: () => void,
) => {
  let cursor = await storedCursor(pool, name)
  const messages = follow((cursor) => start(cursor ?? ''), {
    cursor: cursor ?? undefined,
    cursorOf: (message) => cursorOf(message) || undefined,
    signal: held,
    onRestart: (err, delayMs) => logger.debug({ err, consumer: name, delayMs }, 'the stream starts again'),
  })
  try {
    for await (const message of messages) {
      const next = cursorOf(message) || cursor
      await transaction(async (tx) => {
        await moveCursor(tx, name, cursor, next)
        await apply(tx, message)
      })
      cursor = next
      onProgress()
    }
  } catch (error) {
    if (!(error instanceof RpcError) || error.reason !== 'RESUME_TOKEN_EXPIRED') throw error
    logger.error({ consumer: name }, 'the cursor has expired: what happened until now is lost')
    await moveCursor(pool, name, cursor, null)
  }
}

const storedCursor = async (pool: Pool, name: string): Promise<string | null> => {
  await pool.query('insert into cursors (name) values ($1) on conflict do nothing', [name])
  const { rows } = await pool.query<{ cursor: string | null }>('select cursor from cursors where name = $1', [
    name,
  ])
  return rows[0]!.cursor
}

/** Who still believes to hold the lock meets the row lock here, or a cursor that has gone on. */
const moveCursor = async (tx: Transaction | Pool, name: string, from: string | null, to: string | null) => {
  const moved = await execute(
    tx,
    sql`update cursors set cursor = ${to}, updated_at = now()
        where name = ${name} and cursor is not distinct from ${from}`,
  )
  if (!moved) throw new Error('another replica has gone on from the cursor')
}
