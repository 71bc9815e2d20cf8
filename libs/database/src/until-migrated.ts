import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import { assertMigrated } from './assert-migrated.ts'

/** Milliseconds between two looks. */
const everyMs = 500

/**
 * Resolves once the database has the schema of this version: for what is started at the same time as the migration. Says
 * what it waits for, once for each reason: the server is not there, there is no such database, a migration is lacking.
 *
 * @param directory `prisma/migrations` of the service.
 */
export const untilMigrated = async (
  pool: Pool,
  directory: string,
  log: (line: string) => void,
): Promise<void> => {
  for (let said = ''; ; await delay(everyMs)) {
    try {
      await assertMigrated(pool, directory)
      return
    } catch (error) {
      const { message } = error as Error
      if (message !== said) log(`waits: ${message}`)
      said = message
    }
  }
}
