import { status } from '@grpc/grpc-js'
import { RpcError } from '@quartet/rpc'

/** What a load saw while it ran. */
export interface Record {
  /** How often each thing was done, by name: 'created', 'read', 'updates', 'uploads', 'messages', … */
  readonly done: { [what: string]: number }
  /** Calls that failed though they may be repeated: none should. */
  readonly failed: string[]
  /** What was acknowledged and is not there, or was not seen by who follows it. */
  readonly lost: string[]
  /** What happened or was seen twice. */
  readonly doubled: string[]
}

export const newRecord = (): Record => ({ done: {}, failed: [], lost: [], doubled: [] })

export const count = ({ done }: Record, what: string, by = 1): void => {
  done[what] = (done[what] ?? 0) + by
}

/**
 * Counts a stream that ended with its server: 'watches drained' where that said so, 'watches cut' where it was gone.
 */
export const countEnd = (record: Record, what: string, { reason }: RpcError): void =>
  count(record, `${what} ${reason === 'DRAINING' ? 'drained' : 'cut'}`)

/**
 * The answer to a call that may be repeated. A machine that starts a dozen processes meanwhile may be late with it: that is
 * counted, and a failure only when it is late three times.
 */
export const answerOf = async <T>(record: Record, call: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      const late = error instanceof RpcError && error.code === status.DEADLINE_EXCEEDED
      if (!late || tries === 3) throw error
      count(record, 'late')
    }
  }
}

/** One line about a call that failed. */
export const describeFailure = (what: string, error: unknown): string => {
  const { code, reason, message } = error as RpcError
  return `${what}: ${code ?? ''} ${reason ?? ''} ${message}`
}

/** Milliseconds between two calls of a worker: a load that is steady, not one that measures. */
export const pauseMs = 50
