import type { Pushed, Send } from '@quartet/rpc'

/** Where the sources of a stream leave what it sends. */
export interface Outbox<Response> {
  /** Sends a response. The promise, where there is one, waits for a reader that is behind: whoever has more waits for it. */
  readonly put: (response: Response) => Promise<void> | undefined
  /** Sends a response where no reader is behind. Otherwise it is lost. */
  readonly offer: (response: Response) => void
  /** Ends the stream with an error, at once. */
  readonly fail: (error: unknown) => void
}

/**
 * The responses of a stream that has several sources. `fill` starts them; when it resolves, the stream ends behind what has
 * been put by then, and it fails with what `fill` throws.
 *
 * @param signal of the call. `fill` is given one that also aborts when the stream has ended in any way.
 */
export const outbox = <Response extends object>(
  signal: AbortSignal,
  fill: (out: Outbox<Response>, signal: AbortSignal) => Promise<void>,
): Pushed<Response> => ({
  async pushTo(send: Send<Response>) {
    const ended = new AbortController()
    const failed = Promise.withResolvers<never>()
    /** Resolves when the reader has caught up; there while it is behind. */
    let behind: Promise<void> | undefined
    const caughtUp = () => (behind = undefined)

    const fail = (error: unknown) => {
      failed.reject(error)
      ended.abort()
    }
    const put = (response: Response) => {
      if (ended.signal.aborted) return undefined
      const waiting = send(response)
      return waiting && (behind ??= waiting.then(caughtUp, caughtUp))
    }
    const offer = (response: Response) => {
      if (!behind) void put(response)
    }
    const onAbort = () => fail(signal.reason)
    signal.addEventListener('abort', onAbort)
    try {
      signal.throwIfAborted()
      await Promise.race([fill({ put, offer, fail }, ended.signal), failed.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      ended.abort()
    }
  },
})
