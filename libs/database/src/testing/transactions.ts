import type { Pool } from 'pg'
import type { RawTransaction } from '../idempotency.ts'

/** Transactions as a Prisma client on the pool gives them to a function. */
export const transactions =
  (pool: Pool) =>
  async <T>(work: (tx: RawTransaction) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    const run = (strings: TemplateStringsArray, values: unknown[]) =>
      client.query(
        strings.reduce((sql, part, index) => `${sql}$${index}${part}`),
        values,
      )
    try {
      await client.query('begin')
      const result = await work({
        $queryRaw: async <Rows>(strings: TemplateStringsArray, ...values: unknown[]) =>
          (await run(strings, values)).rows as Rows,
        $executeRaw: async (strings, ...values) => (await run(strings, values)).rowCount ?? 0,
      })
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }
