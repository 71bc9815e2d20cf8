import type { Pool, PoolClient } from 'pg'

/**
 * Runs work in a transaction: committed when it resolves, rolled back when it throws. `work` waits for nothing but the
 * database, because an open transaction holds back the readers of every event feed on the server.
 *
 * @throws what `work` throws. After an error of the connection nobody knows whether the commit was done.
 */
export const transaction = async <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    // To the commit of a transaction in which a statement failed the server answers that it has rolled back.
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, and nothing was kept')
    return result
  } catch (error) {
    await client.query('rollback').catch((failed: Error) => (broken = failed))
    throw error
  } finally {
    client.release(broken)
  }
}
