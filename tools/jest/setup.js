import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@quartet/database/embedded'

/** Starts one PostgreSQL for all test files, unless TEST_DATABASE_URL names a server. Workers inherit the variable. */
export default async () => {
  if (process.env.TEST_DATABASE_URL) return
  const folder = await mkdtemp(join(tmpdir(), 'quartet-test-'))
  const postgres = await startPostgres({ dataDir: folder, durable: false })
  process.env.TEST_DATABASE_URL = postgres.url()
  globalThis.testPostgres = { postgres, folder }
}
