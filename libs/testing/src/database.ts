import { createHash, randomUUID } from 'node:crypto'
import { createPool, migrate, readMigrations } from '@quartet/database'
import { Client, type Pool } from 'pg'

/** A database that one test file has to itself. */
export interface TestDatabase {
  readonly url: string
  readonly pool: Pool
  /** Ends the pool and deletes the database, whoever is still connected to it. */
  drop(): Promise<void>
}

/**
 * A new database with the schema of `migrations` (a folder `prisma/migrations`), in some 20 ms: the migrations run once
 * for all test files, in a database of which every other is a copy.
 */
export const testDatabase = async ({ migrations }: { migrations: string }): Promise<TestDatabase> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(async (client) => {
    const template = await provideTemplate(client, migrations)
    await client.query(`create database ${name} template ${template} strategy file_copy`)
  })
  const url = urlOf(name)
  // A test that breaks connections looks at what follows from it.
  const pool = createPool({ url, name: 'test', onError: () => {} })
  return {
    url,
    pool,
    async drop() {
      await pool.end()
      await onServer((client) => client.query(`drop database ${name} with (force)`))
    },
  }
}

/** The name of a database that has these migrations. Its mark as a template is set last and so says that it is whole. */
const provideTemplate = async (client: Client, directory: string): Promise<string> => {
  const checksums = readMigrations(directory).map(({ checksum }) => checksum)
  const template = `template_${createHash('sha256').update(checksums.join()).digest('hex').slice(0, 16)}`
  // Held until the session ends: the other workers of Jest wait for the first one.
  await client.query('select pg_advisory_lock(hashtext($1))', [template])
  const { rows } = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [
    template,
  ])
  if (rows.length === 0) {
    await client.query(`drop database if exists ${template} with (force)`)
    await migrate({ url: urlOf(template), directory, log: () => {} })
    await client.query(`alter database ${template} is_template true allow_connections false`)
  }
  return template
}

/** The server that Jest's global setup has started, or that TEST_DATABASE_URL named from the start. */
const urlOf = (database: string) => {
  const url = new URL(process.env['TEST_DATABASE_URL']!)
  url.pathname = `/${database}`
  return url.href
}

const onServer = async (work: (client: Client) => Promise<unknown>) => {
  const client = new Client({ connectionString: process.env['TEST_DATABASE_URL']! })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
