import { createPool } from '@quartet/database'
import { createListener } from '@quartet/events'
import { createLogger } from '@quartet/service'
import { serveKit } from './kit.ts'

/** The user service's own handlers on the database DATABASE_URL. */
const url = process.env['DATABASE_URL']!
const logger = createLogger('bench', 'info')
const onError = (err: unknown) => logger.error({ err })
const { createApp } = await import('../../services/user/src/app.ts')
const app = await createApp({
  pool: createPool({ url, name: 'bench', onError }),
  listener: createListener({ url, name: 'bench', onError }),
  logger,
})
await serveKit(app.implementations[0]!)
