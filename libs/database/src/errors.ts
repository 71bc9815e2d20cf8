/** An error of `pg`, or one of Prisma with that of its adapter inside. */
interface DatabaseError {
  message?: string
  /** A SQLSTATE of five characters, a code of Node, or one of Prisma ("P2002"). */
  code?: string
  constraint?: string
  meta?: {
    driverAdapterError?: {
      cause?: { originalCode?: string; originalMessage?: string; constraint?: { index?: string } }
    }
  }
}

/** Whether a row was refused because of this unique constraint or index, named as in the migration. */
export const isUniqueViolation = (error: unknown, constraint: string): boolean => {
  const { adapter, own, sqlState } = parts(error)
  return sqlState === '23505' && (adapter?.constraint?.index ?? own.constraint) === constraint
}

/** Whether a row was refused because of this check constraint, named as in the migration. */
export const isCheckViolation = (error: unknown, constraint: string): boolean => {
  const { adapter, own, sqlState } = parts(error)
  // Prisma's adapter passes the name on in the message alone.
  const named =
    own.constraint === constraint || adapter?.originalMessage?.includes(`constraint "${constraint}"`)
  return sqlState === '23514' && named === true
}

/** Whether the server ended the statement: because of its time, or because somebody cancelled it. */
export const isCancelled = (error: unknown): boolean => parts(error).sqlState === '57014'

/** Whether the statement is about a table or a column that the database does not have. */
export const isSchemaBehind = (error: unknown): boolean =>
  ['42P01', '42703', 'P2021', 'P2022'].includes(parts(error).sqlState ?? '')

/** Whether the database could not be asked, or went away before it answered. What was asked may have been done. */
export const isConnectionFailure = (error: unknown): boolean => {
  const { own, sqlState = '' } = parts(error)
  return connectionCodes.test(sqlState) || connectionMessages.has(own.message ?? '')
}

const parts = (error: unknown) => {
  const own = Object(error) as DatabaseError
  const adapter = own.meta?.driverAdapterError?.cause
  return { own, adapter, sqlState: adapter?.originalCode ?? own.code }
}

/** Class 08 and what a server says that is full, stops or starts; Node's of a socket; Prisma's of both, and of a
 * transaction that got no connection in time. */
const connectionCodes =
  /^(08...|53300|57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1017|P2028)$/

/** What `pg` says without a code. */
const connectionMessages = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
])
