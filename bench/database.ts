import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, migrate } from '@quartet/database'
import { removeData, startPostgres } from '@quartet/database/embedded'
import { ids, user } from './servers/users.ts'

/** A PostgreSQL of its own, whose CPU time is nobody's, with the schema of a service. */
export const startDatabase = async (service: 'user' | 'chat') => {
  const directory = mkdtempSync(join(tmpdir(), 'quartet-bench-'))
  const dataDir = join(directory, 'postgres')
  const postgres = await startPostgres({ dataDir, durable: false })
  const url = postgres.url(`quartet_${service}`)
  const migrations = join(import.meta.dirname, `../services/${service}/prisma/migrations`)
  await migrate({ url, directory: migrations, log: () => {} })
  const pool = createPool({ url, name: 'bench', onError: () => {} })
  return {
    url,
    pool,
    async stop() {
      await pool.end()
      await postgres.stop()
      removeData(dataDir)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The users of servers/users.ts, and then others like them: so many in all. */
export const fillUsers = async ({ pool }: Awaited<ReturnType<typeof startDatabase>>, count: number) => {
  const { name, tags, metadata, address, etag } = user()
  await pool.query(
    `insert into users (id, name, email, age, role, plan, tags, metadata, address, version, created_at, updated_at)
     select coalesce(($2::uuid[])[i], gen_random_uuid()), $3, 'ada.lovelace.' || i || '@example.org', 36, 'EDITOR', 'PRO',
       $4, $5, $6, $7, '2026-01-01', '2026-01-02'
     from generate_series(1, $1::int) as i`,
    [count, ids, name, tags, metadata, address, etag],
  )
  await pool.query('vacuum analyze users')
}
