import type { Pool } from 'pg'
import { cancelOnAbort, statementTimeout, type Wait } from './cancel.ts'
import type { RawTransaction } from './idempotency.ts'

/** What this needs of a Prisma client. */
interface Prisma<Tx extends RawTransaction> {
  $transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/**
 * A transaction of Prisma's that ends when nobody waits for it any more, as the queries of `cancellable` do, and is rolled
 * back then.
 *
 * @param pool on which the client works.
 * @throws the reason of the signal when it aborts, else what `work` throws.
 */
export const cancellableTransaction = <Tx extends RawTransaction, T>(
  prisma: Prisma<Tx>,
  pool: Pool,
  { signal, deadline }: Wait,
  work: (tx: Tx) => Promise<T>,
): Promise<T> =>
  prisma.$transaction(async (tx) => {
    const [server] = await tx.$queryRaw<{ pid: number }[]>`
      select pg_backend_pid() as pid, set_config('statement_timeout', ${statementTimeout(pool, deadline)}, true)`
    signal.throwIfAborted()
    const stop = cancelOnAbort(pool, signal, server!.pid)
    try {
      return await work(tx)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      await stop()?.catch(() => {})
    }
  })
