import { createPool } from '@quartet/database'
import { createListener } from '@quartet/events'
import { createLogger } from '@quartet/service'
import { serveKit } from './kit.ts'

/** The chat service's own handlers on the database DATABASE_URL. */
const url = process.env['DATABASE_URL']!
const logger = createLogger('bench', 'info')
const onError = (err: unknown) => logger.error({ err })
const nowhere = '127.0.0.1:1'
const { createApp } = await import('../../services/chat/src/app.ts')
const app = createApp({
  pool: createPool({ url, name: 'bench', onError }),
  listener: createListener({ url, name: 'bench', onError }),
  logger,
  targets: { user: nowhere, order: nowhere, upload: nowhere, chat: nowhere },
  clientOptions: {},
})
await serveKit(app.implementations[0]!)
