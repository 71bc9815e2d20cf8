import type { Logger } from 'pino'

/** What a main function is given to hand over what must be stopped. */
export interface Lifecycle {
  /** Runs `stop` when the process is to end: the last one registered first, each after the one before it is done. */
  readonly onStop: (stop: () => unknown) => void
  /** Logs what goes wrong from now on; until then errors go to stderr as plain lines. */
  readonly useLogger: (logger: Logger) => void
}

/**
 * Owns the process of a service. Runs `main`; then SIGTERM, SIGINT, or an error that nobody caught stops everything in
 * order and ends the process: with 0 after a signal, else with 1. A second signal ends it at once.
 *
 * A start that fails says why in one line, because most often a person can mend it: the stack comes only where the
 * code is at fault, or with LOG_LEVEL=debug.
 */
export const run = (name: string, main: (lifecycle: Lifecycle) => Promise<void>): void => {
  const stops: (() => unknown)[] = []
  let logger: Logger | undefined
  let stopping = false

  const stop = async (code: number) => {
    if (stopping) process.exit(code || 130)
    stopping = true
    for (const one of stops.reverse()) {
      try {
        await one()
      } catch (err) {
        logger?.error({ err }, 'while stopping')
        code = 1
      }
    }
    logger?.info('stopped')
    process.exit(code)
  }

  const broken = (err: unknown) => {
    logger?.fatal({ err }, 'uncaught')
    if (!logger) console.error(describe(name, err))
    if (!stopping) void stop(1)
  }
  process.on('uncaughtException', broken)
  process.on('unhandledRejection', broken)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      logger?.info({ signal }, 'stopping')
      void stop(0)
    })

  main({ onStop: (one) => stops.push(one), useLogger: (given) => (logger = given) }).catch(
    (error: unknown) => {
      console.error(describe(name, error))
      void stop(1)
    },
  )
}

const describe = (name: string, error: unknown): string => {
  if (!(error instanceof Error)) return `${name}: ${String(error)}`
  const ours = error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError
  const wantsStack = ours || ['debug', 'trace'].includes(process.env['LOG_LEVEL'] ?? '')
  return wantsStack ? `${name}: ${error.stack}` : `${name}: ${oneLine(error.message)}`
}

const oneLine = (message: string) => message.trim().replaceAll(/\s*\n\s*/g, ' ')
