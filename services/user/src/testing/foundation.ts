import { join } from 'node:path'
import { createListener } from '@quartet/events'
import { testDatabase } from '@quartet/testing'
import { pino } from 'pino'

/** What the user service stands on, with a database of its own. */
export const testFoundation = async () => {
  const migrations = join(import.meta.dirname, '../../prisma/migrations')
  const database = await testDatabase({ migrations })
  const { url, pool } = database
  const listener = createListener({ url, name: 'user-test', onError: () => {} })
  return {
    url,
    pool,
    listener,
    logger: pino({ level: 'silent' }),
    async drop() {
      await listener.close()
      await database.drop()
    },
  }
}
