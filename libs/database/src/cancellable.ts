import type { Pool, PoolClient } from 'pg'
import { cancelOnAbort, statementTimeout, type Wait } from './cancel.ts'
import { untilAborted } from './until-aborted.ts'

/**
 * Runs queries that end when nobody waits for them any more: the server stops a statement when the deadline passes,
 * and at once when the signal aborts. `fn` has a connection to itself; a transaction that it leaves open is rolled
 * back.
 *
 * @throws the reason of the signal when it aborts, else what `fn` throws.
 */
export const cancellable = async <T>(
  pool: Pool,
  { signal, deadline }: Wait,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await connect(pool, signal)
  let stop: ReturnType<typeof cancelOnAbort> | undefined
  try {
    const pid = await limit(client, statementTimeout(pool, deadline))
    signal.throwIfAborted()
    stop = cancelOnAbort(pool, signal, pid)
    return await fn(client)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    void giveBack(client, stop?.())
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
const limit = async (client: PoolClient, timeout: string): Promise<number> => {
  const { rows } = await client.query({
    name: 'limit',
    text: `select pg_backend_pid() as pid, set_config('statement_timeout', $1, false)`,
    values: [timeout],
  })
  return rows[0].pid
}

/** Where the cancel does not come back, or hits the statements here, the connection is closed. */
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
