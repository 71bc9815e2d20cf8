import { pino, type Logger } from 'pino'

/** JSON lines on stdout: level by name, time in ISO 8601, and the service's name on each. */
export const createLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })
