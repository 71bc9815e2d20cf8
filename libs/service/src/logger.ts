import { pino, type Logger } from 'pino'

/** What may wait in memory for a reader of stdout that does not read: past it lines are dropped. */
const maxPendingBytes = 8 * 1024 * 1024

/**
 * JSON lines on stdout: level by name, time in ISO 8601, and the service's name on each.
 *
 * Lines are gathered and written every 8 KiB or half a second, whichever is first: a write for each line is the most
 * expensive part of a small call. A process that ends by itself (a signal, an error that nobody caught) writes the
 * rest before it goes; `kill -9` and a crash of the machine lose up to the last half second.
 */
export const createLogger = (service: string, level: string): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // pino flushes such a destination when the process exits, and at every line of level fatal.
    pino.destination({ sync: false, minLength: 8 * 1024, periodicFlush: 500, maxLength: maxPendingBytes }),
  )
