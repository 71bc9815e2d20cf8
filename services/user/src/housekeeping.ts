import type { Logger } from 'pino'
import type { keyRotation } from './key-rotation.ts'
import type { SessionRepository } from './session-repository.ts'

const everyMs = 60 * 60_000

/**
 * What is done at start and every hour: the next signing key, once the last one is old, and an end to sessions that nobody
 * continues. All replicas do it; the first one leaves nothing to do for the others.
 *
 * @param options.keyDays the age at which a key is replaced; 0: never.
 */
export const startHousekeeping = (options: {
  readonly rotation: ReturnType<typeof keyRotation>
  readonly sessions: SessionRepository
  readonly keyDays: number
  readonly logger: Logger
}): (() => void) => {
  const { rotation, sessions, keyDays, logger } = options
  const keepHouse = async () => {
    await sessions.sweep()
    if (keyDays === 0) return
    const signsFrom = await rotation.rotate({ ifOlderThanMs: keyDays * 24 * 60 * 60_000 })
    if (signsFrom) logger.info({ signsFrom }, 'a new signing key is published')
  }
  const tryTo = () => {
    keepHouse().catch((err: unknown) =>
      logger.warn({ err }, 'could not keep house: the next try is in an hour'),
    )
  }
  tryTo()
  const timer = setInterval(tryTo, everyMs)
  return () => clearInterval(timer)
}
