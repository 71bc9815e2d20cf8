import type { Pool } from 'pg'
import { explainConnectionError } from './connection-error.ts'
import { assertNoneFailed, readHistory } from './migration-history.ts'
import { readMigrations } from './migrations.ts'

/**
 * Checks at start that the database has the schema that this version of the service was written for.
 *
 * @param directory `prisma/migrations` of the service.
 * @throws one line: the server is not there, or the schema lacks a migration, has one that is unknown here, or one
 * that failed.
 */
export const assertMigrated = async (pool: Pool, directory: string): Promise<void> => {
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
  const unknown = [...history.keys()].filter((name) => !wanted.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `The database has ${list(unknown)}, unknown to this version of the service: start a newer one.`,
    )
  }
}

const missingTable = '42P01'

const list = (names: string[]) =>
  names.length === 1 ? `the migration ${names[0]}` : `the migrations ${names.join(', ')}`
