interface ConnectionError extends Error {
  code?: string
  hostname?: string
  address?: string
  port?: number
  /** Of an AggregateError: one for each address of the host. */
  errors?: ConnectionError[]
}

/**
 * What keeps the database from being reached as one line that says what to do. An error that has another reason comes
 * back as it is.
 */
export const explainConnectionError = (error: unknown): Error => {
  const cause = error as ConnectionError
  const { address, port } = cause.errors?.[0] ?? cause
  // A socket file has no port.
  const place = [address, port].filter(Boolean).join(':')
  const problem = {
    ECONNREFUSED: `PostgreSQL does not answer at ${place}: start it`,
    ETIMEDOUT: `PostgreSQL does not answer${place && ` at ${place}`} in time: open the way to it`,
    ECONNRESET: 'PostgreSQL closes the connection at once: look into its log',
    ENOTFOUND: `The host ${cause.hostname} of PostgreSQL is unknown: check the name`,
    EAI_AGAIN: `The host ${cause.hostname} of PostgreSQL cannot be looked up now: check the name and DNS`,
    '28P01': `PostgreSQL refuses the password (${cause.message}): check user and password`,
    '28000': `PostgreSQL refuses the user (${cause.message}): check the user and pg_hba.conf`,
    '3D000': `PostgreSQL has no such database (${cause.message}): migrate first`,
    '53300': `PostgreSQL has no connection left (${cause.message}): raise max_connections`,
    '57P03': `PostgreSQL is not ready (${cause.message}): wait for it`,
  }[cause.code ?? (/timeout/.test(cause.message) ? 'ETIMEDOUT' : '')]
  return problem ? new Error(`${problem}, or correct DATABASE_URL.`, { cause }) : cause
}
