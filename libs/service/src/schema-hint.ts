import { isSchemaBehind } from '@quartet/database'
import type { Interceptor } from '@quartet/rpc'
import type { Logger } from 'pino'

/**
 * Says in the log, once, what to do where a call fails because the database lacks what the code asks for: most often
 * schema.prisma was changed, and no migration made of it.
 */
export const schemaHint = (service: string, logger: Logger): Interceptor => {
  let said = false
  return {
    onEnd(_call, { error }) {
      if (said || !isSchemaBehind(error)) return
      said = true
      logger.error(
        `the database lacks a table or column: npm run db:new -- ${service} <what_has_changed> makes a migration of the schema`,
      )
    },
  }
}
