import { status } from '@grpc/grpc-js'
import { setTimeout as sleep } from 'node:timers/promises'
import { isConnectionLost } from './client/error.ts'
import { RpcError } from './errors.ts'
import { leave } from './leave.ts'

export interface FollowOptions<Message> {
  /** Where a stream that starts again goes on after this message; undefined where the message moves nothing. */
  readonly cursorOf: (message: Message) => string | undefined
  /** Where to start; undefined lets the stream decide, which is now. */
  readonly cursor?: string
  /** Ends the following, which then is over without an error. */
  readonly signal?: AbortSignal
  /** Told of each end that is followed by a new start, in `delayMs` milliseconds. */
  readonly onRestart?: (error: RpcError, delayMs: number) => void
  /** Milliseconds before the first new start at most; doubled for each that brings nothing. 200 unless given. */
  readonly firstDelayMs?: number
}

const maxDelayMs = 10_000

/**
 * Follows a stream for as long as its reader wants to: where the stream ends for a reason that passes, it is started
 * again from the last message that was read. In order, nothing twice and nothing lost, as far as the stream keeps its
 * word about cursors.
 *
 * Such reasons are a connection or a server that went away, the policy's time (an hour, for a watch), and
 * TOKEN_EXPIRED: `start` makes a new call and with it takes a new token. New starts wait, longer each time until a
 * message comes, with jitter so that all who lost the same server do not come back at once.
 *
 * @param start makes the call: `(cursor) => client.watchUsers({ resumeToken: cursor })`.
 * @throws RpcError whatever else the stream ends with, OUT_OF_RANGE RESUME_TOKEN_EXPIRED among it.
 */
export async function* follow<Message>(
  start: (cursor: string | undefined) => AsyncIterable<Message>,
  { cursorOf, cursor, signal, onRestart, firstDelayMs = 200 }: FollowOptions<Message>,
): AsyncGenerator<Message> {
  let barren = 0
  while (!signal?.aborted) {
    const stream = start(cursor)[Symbol.asyncIterator]()
    const stop = () => void leave(stream)
    signal?.addEventListener('abort', stop)
    try {
      for (;;) {
        const next = await stream.next()
        if (next.done || signal?.aborted) return
        barren = 0
        cursor = cursorOf(next.value) ?? cursor
        yield next.value
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!(error instanceof RpcError) || !passes(error)) throw error
      const delayMs = Math.random() * Math.min(firstDelayMs * 2 ** barren++, maxDelayMs)
      onRestart?.(error, delayMs)
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
    }
  }
}

const passes = (error: RpcError): boolean =>
  isConnectionLost(error) ||
  error.code === status.DEADLINE_EXCEEDED ||
  (error.code === status.UNAUTHENTICATED && error.reason === 'TOKEN_EXPIRED')
