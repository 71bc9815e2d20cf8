import { setInterval } from 'node:timers/promises'
import type { Logger } from 'pino'
import { readCertificates, type CertificateFiles, type Certificates } from './certificates.ts'

export interface WatchOptions {
  readonly logger: Logger
  /** Milliseconds between two looks at the files; 10 s. */
  readonly everyMs?: number
}

/** Certificates that follow their files. */
export interface WatchedCertificates {
  readonly current: () => Certificates
  /** Calls `listener` after each change, until it is taken back by what this returns. */
  readonly onChange: (listener: () => void) => () => void
  readonly stop: () => void
}

/**
 * Reads the files, and again every few seconds: in Kubernetes they change by a symbolic link that is swapped, which a
 * watch of the files themselves does not see. What cannot be used (half of a change, say) is told to the log and
 * changes nothing.
 *
 * @throws Error like readCertificates when the files cannot be used now.
 */
export const watchCertificates = async (
  files: CertificateFiles,
  { logger, everyMs = 10_000 }: WatchOptions,
): Promise<WatchedCertificates> => {
  let current = await readCertificates(files)
  let problem = ''
  const listeners = new Set<() => void>()

  /** A problem that stays is told once. */
  const warn = (text: string) => {
    if (text && text !== problem) logger.warn(`TLS: ${text}`)
    problem = text
  }
  const look = async () => {
    try {
      const found = await readCertificates(files)
      if (!isSame(found, current)) {
        current = found
        logger.info({ validTo: found.validTo }, 'TLS: new certificates')
        for (const listener of listeners) listener()
      }
      warn(isOld(current) ? `the certificate ends at ${current.validTo.toISOString()}, replace it` : '')
    } catch (error) {
      warn(`${(error as Error).message}; those from before stay in use`)
    }
  }
  const stopped = new AbortController()
  // One look after the other: a slow one must not bring back what a later one has replaced.
  const keepLooking = async () => {
    const times = setInterval(everyMs, undefined, { ref: false, signal: stopped.signal })
    for await (const _ of times) await look()
  }
  keepLooking().catch(() => {}) // stopped
  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => stopped.abort(),
  }
}

const isSame = (one: Certificates, other: Certificates) =>
  one.certificate.equals(other.certificate) &&
  one.key.equals(other.key) &&
  String(one.authority) === String(other.authority)

/** Nine tenths of its life are over: by then whatever renews it has failed. */
const isOld = ({ validFrom, validTo }: Certificates) =>
  Date.now() > validFrom.getTime() + 0.9 * (validTo.getTime() - validFrom.getTime())
