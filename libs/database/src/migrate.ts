import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { assertNoneFailed, createHistory, readHistory } from './migration-history.ts'
import { isSame, readMigrations, type Migration } from './migrations.ts'
import { openDatabase } from './open-database.ts'

export interface MigrateOptions {
  /** The database; made if it is missing, for which its user needs CREATEDB. */
  readonly url: string
  /** `prisma/migrations` of a service. */
  readonly directory: string
  readonly log: (line: string) => void
}

/** The advisory lock that Prisma's schema engine takes, so that its tools and this one wait for each other. */
const prismaLock = 72707369

/**
 * Applies the migrations that the database lacks, and records them as `prisma migrate deploy` would, whose own tools
 * then find them applied. Each is one transaction: it leaves all of its changes or none. Any number may run at once;
 * one works, the others wait for it. Returns the names of those that this run applied.
 *
 * @throws one line: the server is not there or refuses the user, or a migration failed.
 */
export const migrate = async ({ url, directory, log }: MigrateOptions): Promise<string[]> => {
  const migrations = readMigrations(directory)
  const client = await openDatabase(url, log)
  try {
    await lock(client, log)
    await client.query(createHistory)
    const history = await readHistory(client)
    assertNoneFailed(history)
    for (const migration of migrations) {
      const applied = history.get(migration.name)
      if (applied && !isSame(migration, applied.checksum))
        log(`${migration.name} was edited after it was applied`)
    }
    const pending = migrations.filter(({ name }) => !history.has(name))
    for (const migration of pending) {
      await apply(client, migration)
      log(`applied ${migration.name}`)
    }
    return pending.map(({ name }) => name)
  } finally {
    // The lock belongs to the session and ends with it.
    await client.end()
  }
}

/** Asks again and again: a session that waits inside the server would block CREATE INDEX CONCURRENTLY of the other. */
const lock = async (client: Client, log: (line: string) => void) => {
  for (let waited = false; ; waited = true) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as locked', [prismaLock])
    if (rows[0].locked) return
    if (!waited) log('waits for another migration to finish')
    await delay(50)
  }
}

const apply = async (client: Client, { name, sql, checksum }: Migration) => {
  // PostgreSQL builds an index CONCURRENTLY only outside of a transaction; such a file holds that one statement.
  const transactional = !/\bconcurrently\b/i.test(sql.replaceAll(/--.*$/gm, ''))
  const id = randomUUID()
  try {
    if (transactional) await client.query('begin')
    await client.query(
      'insert into _prisma_migrations (id, checksum, migration_name, started_at) values ($1, $2, $3, clock_timestamp())',
      [id, checksum, name],
    )
    await client.query(sql)
    await client.query(
      'update _prisma_migrations set finished_at = clock_timestamp(), applied_steps_count = 1 where id = $1',
      [id],
    )
    if (transactional) await client.query('commit')
  } catch (error) {
    const { message } = error as Error
    const clearing = transactional
      ? client.query('rollback')
      : client.query('update _prisma_migrations set logs = $2 where id = $1', [id, message])
    await clearing.catch(() => {})
    throw new Error(`The migration ${name} failed: ${message}.`, { cause: error })
  }
}
