import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { Client } from 'pg'
import type { TestDatabase } from './database.ts'
import { failure } from './server.ts'

interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/** The least time that the contract gives a call is 5 seconds: what has ended before was cancelled. */
const beforeAnyLimitMs = 4_000

/**
 * Makes a call while nobody can use a table, and expects that its query ends in the database when its caller cancels, and
 * again when its deadline passes. Takes a second; the pool's own limit would end the query after 30.
 */
export const expectToEndWhileLocked = async (
  { url, pool }: Pick<TestDatabase, 'url' | 'pool'>,
  table: string,
  call: (options: CallOptions) => Promise<unknown>,
): Promise<void> => {
  const other = new Client(url)
  await other.connect()
  await other.query(`begin; lock table ${table} in access exclusive mode`)
  /** Resolves when so many queries wait for the lock, or the call is over. */
  const waiting = async (count: number, over = () => false) => {
    const text = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while (!over() && (await pool.query(text)).rowCount !== count) await delay(5)
  }
  try {
    const cancelled = new AbortController()
    const cut = failure(call({ signal: cancelled.signal }))
    await waiting(1)
    cancelled.abort()
    expect(await cut).toMatchObject({ code: status.CANCELLED })
    const ended = waiting(0).then(() => 'ended')
    expect(await Promise.race([ended, delay(beforeAnyLimitMs, 'still runs', { ref: false })])).toBe('ended')
    // On a busy machine the first of them may be late before it gets to the database.
    for (let timeoutMs = 500, seen = false; !seen; timeoutMs *= 2) {
      let over = false
      const late = failure(call({ timeoutMs })).finally(() => (over = true))
      await waiting(1, () => over)
      seen = !over
      expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
      await waiting(0)
    }
  } finally {
    await other.end()
  }
}
