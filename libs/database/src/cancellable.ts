import pg, { type Pool, type PoolClient } from 'pg'
import { untilAborted } from './until-aborted.ts'

/**
 * Runs queries that end when nobody waits for them any more: the server stops a statement when the deadline passes,
 * and at once when the signal aborts. `fn` has a connection to itself; a transaction that it leaves open is rolled
 * back.
 *
 * @param deadline milliseconds since 1970, or Infinity. The statement_timeout of the pool holds in any case.
 * @throws the reason of the signal when it aborts, else what `fn` throws.
 */
export const cancellable = async <T>(
  pool: Pool,
  signal: AbortSignal,
  deadline: number,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await connect(pool, signal)
  let cancelled: Promise<unknown> | undefined
  let cancel = () => {}
  try {
    const pid = await limit(client, pool, deadline)
    signal.throwIfAborted()
    cancel = () => {
      cancelled = sidePool(pool).query('select pg_cancel_backend($1)', [pid])
      // Should it not get through, statement_timeout ends the statement.
      cancelled.catch(() => {})
    }
    signal.addEventListener('abort', cancel, { once: true })
    return await fn(client)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', cancel)
    void giveBack(client, cancelled)
  }
}

const connect = async (pool: Pool, signal: AbortSignal): Promise<PoolClient> => {
  signal.throwIfAborted()
  const connecting = pool.connect()
  try {
    return await untilAborted(signal, connecting)
  } catch (error) {
    // It may still be handed out to somebody who has gone.
    connecting.then(
      (client) => client.release(),
      () => {},
    )
    throw error
  }
}

/** Sets how long a statement may take, and returns the pid of the server process behind the connection. */
const limit = async (client: PoolClient, pool: Pool, deadline: number): Promise<number> => {
  const longest = Number(pool.options.statement_timeout) || Infinity
  // 0 would mean without limit.
  const remaining = Math.max(1, Math.ceil(Math.min(deadline - Date.now(), longest)))
  const { rows } = await client.query({
    name: 'limit',
    text: `select pg_backend_pid() as pid, set_config('statement_timeout', $1, false)`,
    values: [Number.isFinite(remaining) ? `${remaining}` : '0'],
  })
  return rows[0].pid
}

/**
 * Cancels have connections of their own, since the pool may be exhausted by the very queries that are to end: two,
 * closed when they are idle, so that nobody has to end them.
 */
const sidePool = (pool: Pool): Pool => {
  const existing = sidePools.get(pool)
  if (existing) return existing
  const side = new pg.Pool({
    ...pool.options,
    application_name: `${pool.options.application_name}-cancel`,
    max: 2,
    idleTimeoutMillis: 1_000,
    allowExitOnIdle: true,
  })
  side.on('error', () => {})
  sidePools.set(pool, side)
  return side
}

const sidePools = new WeakMap<Pool, Pool>()

/**
 * A cancel means whatever the server process runs when it arrives, so one that comes late would hit the next user of
 * the connection. It has arrived when pg_cancel_backend has returned. Where that stays open, or where it hits the
 * statements here, the connection is closed.
 */
const giveBack = async (client: PoolClient, cancelled: Promise<unknown> | undefined) => {
  try {
    await cancelled
    if (client.getTransactionStatus() !== 'I') await client.query('rollback')
    await client.query('set statement_timeout to default')
    client.release()
  } catch (error) {
    client.release(error as Error)
  }
}
