import { pino, type Logger } from 'pino'

/** What may wait in memory for a reader of stdout that does not read: past it lines are dropped. */
const maxPendingBytes = 8 * 1024 * 1024
const batchBytes = 64 * 1024

/**
 * JSON lines on stdout: level by name, time in ISO 8601, and the service's name on each.
 *
 * Lines are gathered and written every 64 KiB or half a second, whichever is first: a write for each line is the most
 * expensive part of a small call, and every 8 KiB still a twentieth of it. A process that ends by itself (a signal, an error that nobody caught) writes the
 * rest before it goes; `kill -9` and a crash of the machine lose up to the last half second.
 */
export const createLogger = (service: string, level: string): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // pino flushes such a destination when the process exits, and at every line of level fatal.
    pino.destination({
      sync: false,
      minLength: batchBytes,
      maxWrite: 2 * batchBytes,
      periodicFlush: 500,
      maxLength: maxPendingBytes,
    }),
  )

let lastMs = 0
let lastTime = ''

/** As pino's own isoTime, made once for all lines of a millisecond. */
const isoTime = (): string => {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastTime = `,"time":"${new Date(now).toISOString()}"`
  }
  return lastTime
}
