import pg, { type Pool } from 'pg'

/** Until when somebody waits for an answer: the query ends with them. A handler's context is one. */
export interface Wait {
  readonly signal: AbortSignal
  /** Milliseconds since 1970, or Infinity. */
  readonly deadline: number
}

/** Of work that nobody called for: as long as the pool lets it take. */
export const noLimit: Wait = { signal: new AbortController().signal, deadline: Infinity }

/** How long a statement may take until then, as PostgreSQL's statement_timeout: the pool's own limit holds in any case. */
export const statementTimeout = (pool: Pool, deadline: number): string => {
  const longest = Number(pool.options.statement_timeout) || Infinity
  // 0 would mean without limit.
  const remaining = Math.max(1, Math.ceil(Math.min(deadline - Date.now(), longest)))
  return Number.isFinite(remaining) ? `${remaining}` : '0'
}

/**
 * Has the server end the statement that its process `pid` runs when the signal aborts. Returns what stops this: where the
 * signal has aborted, it gives a promise that resolves when the cancel has arrived. It means whatever runs at that time,
 * so nobody else may use the connection before.
 */
export const cancelOnAbort = (
  pool: Pool,
  signal: AbortSignal,
  pid: number,
): (() => Promise<unknown> | undefined) => {
  let arrived: Promise<unknown> | undefined
  const cancel = () => {
    arrived = sidePool(pool).query('select pg_cancel_backend($1)', [pid])
    // Should it not get through, statement_timeout ends the statement.
    arrived.catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  return () => {
    signal.removeEventListener('abort', cancel)
    return arrived
  }
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
