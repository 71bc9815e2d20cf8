import { createHash, type Hash } from 'node:crypto'

/** The SHA-256 of a file's first `position` bytes, ready for those behind them. */
export interface RunningHash {
  readonly hash: Hash
  position: number
}

/** Uploads whose hash is kept between their calls. */
const most = 1_000

/**
 * Keeps the hashes of uploads between calls, so that a file that arrives in pieces is not read again to be checked. It
 * is a matter of speed alone: after a restart, or when pieces went to another replica, the missing bytes are read once.
 */
export const runningHashes = () => {
  const kept = new Map<string, RunningHash>()
  return {
    /** The hash of an upload's beginning, at most of its `receivedSize` bytes. It belongs to who takes it. */
    take(uploadId: string, receivedSize: number): RunningHash {
      const known = kept.get(uploadId)
      kept.delete(uploadId)
      return known && known.position <= receivedSize ? known : { hash: createHash('sha256'), position: 0 }
    },
    /** Gives it back: all of its bytes are recorded as received. */
    keep(uploadId: string, running: RunningHash): void {
      if (running.position === 0) return
      kept.delete(uploadId)
      kept.set(uploadId, running)
      if (kept.size > most) kept.delete(kept.keys().next().value!)
    },
  }
}

export type RunningHashes = ReturnType<typeof runningHashes>
