import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, migrate } from '@quartet/database'
import { removeData, startPostgres } from '@quartet/database/embedded'
import { createListener } from '@quartet/events'
import { createLogger } from '@quartet/service'
import { serveKit } from './kit.ts'

/** The chat service as it is, on a PostgreSQL of its own, whose CPU time is not counted. */
const folder = join(import.meta.dirname, '../../services/chat')
const dataDir = mkdtempSync(join(tmpdir(), 'quartet-bench-'))
process.once('exit', () => removeData(dataDir))
const url = (await startPostgres({ dataDir, durable: false })).url('chat')
await migrate({ url, directory: join(folder, 'prisma/migrations'), log: () => {} })

const logger = createLogger('bench', 'info')
const onError = (err: unknown) => logger.error({ err })
const nowhere = '127.0.0.1:1'
// A service has no exports, because no other may import it; a bench may.
// oxlint-disable-next-line no-restricted-imports
const { createApp } = await import('../../services/chat/src/app.ts')
const app = createApp({
  pool: createPool({ url, name: 'bench', onError }),
  listener: createListener({ url, name: 'bench', onError }),
  logger,
  targets: { user: nowhere, order: nowhere, upload: nowhere, chat: nowhere },
  clientOptions: {},
})
await serveKit(app.implementations[0]!)
