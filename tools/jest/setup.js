import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@quartet/database/embedded'
import { findEnvoy } from '../envoy/find.ts'

/**
 * Provides what the tests share: an Envoy, fetched once where the machine has none, and one PostgreSQL, unless
 * TEST_DATABASE_URL names a server. Workers inherit the variable.
 */
export default async () => {
  const envoy = findEnvoy({
    directory: join(import.meta.dirname, '../../.quartet/bin'),
    onProgress: (what) => console.log(what),
  })
  // Many tests start the services, each of them in a data folder of its own.
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../.quartet/compile-cache')
  if (!process.env.TEST_DATABASE_URL) {
    const folder = await mkdtemp(join(tmpdir(), 'quartet-test-'))
    const postgres = await startPostgres({ dataDir: folder, durable: false })
    process.env.TEST_DATABASE_URL = postgres.url()
    globalThis.testPostgres = { postgres, folder }
  }
  const { missing } = await envoy
  if (missing) console.log(missing)
}
