import type { Pool } from 'pg'
import { explainConnectionError } from './connection-error.ts'
import { assertNoneFailed, readHistory } from './migration-history.ts'
import { readMigrations } from './migrations.ts'

/**
 * Checks at start that the database has the schema that this version of the service was written for. It may have more:
 * in the middle of a rolling update a replica of the old version starts on the schema of the new one, and so does a
 * version that was rolled back to (docs/decisions/expand-then-contract.md).
 *
 * @param directory `prisma/migrations` of the service.
 * @returns the migrations that are unknown here, a newer version's.
 * @throws one line: the server is not there, or the schema lacks a migration or has one that failed.
 */
export const assertMigrated = async (pool: Pool, directory: string): Promise<string[]> => {
  const wanted = readMigrations(directory).map(({ name }) => name)
  const history = await readHistory(pool).catch((error) => {
    if (error.code === missingTable) return new Map<string, never>()
    throw explainConnectionError(error)
  })
  assertNoneFailed(history)
  const lacking = wanted.filter((name) => !history.has(name))
  if (lacking.length > 0) {
    throw new Error(
      `The database lacks ${list(lacking)}: migrate it before this version of the service starts.`,
    )
  }
  return [...history.keys()].filter((name) => !wanted.includes(name))
}

const missingTable = '42P01'

const list = (names: string[]) =>
  names.length === 1 ? `the migration ${names[0]}` : `the migrations ${names.join(', ')}`
