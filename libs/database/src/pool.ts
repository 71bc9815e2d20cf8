import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { untilAborted } from './until-aborted.ts'

export interface PoolConfig {
  readonly url: string
  /** Whose connections these are, as pg_stat_activity shows it: the service. */
  readonly name: string
  /** The most connections at once. All replicas together stay below max_connections of the server. */
  readonly max?: number
  /** Hears of connections that break while they wait for work. The pool replaces them. */
  readonly onError: (error: Error) => void
}

const connectionTimeoutMillis = 5_000
/** The client's, should the server be gone. */
const query_timeout = 35_000

/**
 * A pool in which every wait ends. Times in milliseconds: 5,000 to get a connection, 30,000 for a statement (the server
 * ends it; 5,000 later the client does, should the server be gone), 5,000 for a transaction that does nothing, which
 * would hold back every reader of the event feeds.
 *
 * It connects when it is first used, so it can be made while the database is down.
 */
export const createPool = ({ url, name, max = 10, onError }: PoolConfig): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    connectionTimeoutMillis,
    statement_timeout: 30_000,
    query_timeout,
    idle_in_transaction_session_timeout: 5_000,
    idleTimeoutMillis: 30_000,
    // After a failover the connections move to the new server within half an hour, broken or not.
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  pool.on('error', (error) => {
    // The pool hangs the client on it, all that it holds: not to be written into a log.
    Object.defineProperty(error, 'client', { enumerable: false })
    onError(error)
  })
  // While a connection is lent out, the query on it fails with it; unheard, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/**
 * Options of a Prisma client that works on the pool which the service shares with its queries over `pg`. Its transactions
 * wait for a connection until the pool gives up, which is known for what it is: UNAVAILABLE. They take as long as their
 * statements may, where Prisma would end them after 5 seconds.
 */
export const prismaOptions = (pool: pg.Pool) => ({
  adapter: new PrismaPg(pool),
  transactionOptions: { maxWait: 2 * connectionTimeoutMillis, timeout: query_timeout },
})

/**
 * Resolves when the database answers a query: what readiness means, since a pool can be made without a database and
 * Prisma's `$connect` succeeds without one.
 */
export const ping = async (pool: pg.Pool, signal: AbortSignal): Promise<void> => {
  await untilAborted(signal, pool.query('select 1'))
}
