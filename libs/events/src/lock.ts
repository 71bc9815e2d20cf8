import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type Pool } from 'pg'

/** Milliseconds between two tries to get the lock. */
const retryMs = 2_000

/**
 * Does some work while nobody else who uses this name does, in any process on the database: waits for the lock, which is
 * the session of a connection of its own. Should that break, `held` aborts; a while may pass in which both sides believe to
 * hold the lock, so it keeps work from being done twice and does not promise it.
 *
 * Resolves without having done the work when `signal` aborts before the lock is there.
 */
export const holdingLock = async (
  { pool, name, signal }: { pool: Pool; name: string; signal: AbortSignal },
  work: (held: AbortSignal) => Promise<void>,
): Promise<void> => {
  const client = new pg.Client({
    ...pool.options,
    application_name: `${pool.options.application_name}-lock`,
  })
  const lost = new AbortController()
  client.on('error', () => {})
  client.once('end', () => lost.abort())
  try {
    await client.connect()
    while (!signal.aborted) {
      // Tried and not waited for: a statement that waits would keep the server from cleaning up its tables.
      const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as held', [
        name,
      ])
      if (rows[0].held) return await work(AbortSignal.any([signal, lost.signal]))
      await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
    }
  } finally {
    void client.end()
  }
}
