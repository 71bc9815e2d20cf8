import type { Pool, PoolClient } from 'pg'

/** Does some work in a transaction: what it stores is committed when it resolves, and rolled back when it throws. */
export const inTransaction = async <T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> => {
  const tx = await pool.connect()
  let broken: Error | undefined
  try {
    await tx.query('begin')
    const result = await work(tx)
    // To the commit of a transaction in which a statement failed the server answers that it has rolled back.
    const { command } = await tx.query('commit')
    if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, and nothing was kept')
    return result
  } catch (error) {
    await tx.query('rollback').catch((failure: Error) => (broken = failure))
    throw error
  } finally {
    tx.release(broken)
  }
}
