/** A value that somebody else gives, kept so that whoever needs it mostly finds it there. */
export interface Kept<T> {
  /** The last value that there was, however old; undefined before the first. */
  readonly value: T | undefined
  /**
   * A newer value. All who ask at once share one attempt; who asks within a second of it gets what that one got.
   * Rejects with what `fetch` threw.
   */
  renewed(): Promise<T>
  /** Ends the renewing. */
  close(): void
}

/** Milliseconds from one attempt to the next that somebody asks for: what they ask with may be made up. */
const minAgeMs = 1_000
/** Milliseconds until a failed attempt is repeated in the background: twice as long each time, up to the second. */
const retryMs = { least: 1_000, most: 30_000 }

/**
 * Fetches a value at once, and again in the background before it is stale. While that fails the last value stays.
 *
 * @param refreshAfterMs milliseconds that a value is left alone.
 * @param onError hears of each attempt that failed.
 */
export const keepFresh = <T>({
  fetch,
  refreshAfterMs,
  onError,
}: {
  readonly fetch: () => Promise<T>
  readonly refreshAfterMs: (value: T) => number
  readonly onError: (error: unknown) => void
}): Kept<T> => {
  let value: T | undefined
  let attempt: { readonly at: number; readonly result: Promise<T>; over: boolean } | undefined
  let timer: NodeJS.Timeout | undefined
  let pauseMs = retryMs.least
  let closed = false

  const again = (ms: number) => {
    if (closed) return
    clearTimeout(timer)
    timer = setTimeout(() => void renew().catch(() => {}), Math.max(ms, minAgeMs)).unref()
  }

  const renew = () => {
    const begun = { at: performance.now(), result: fetch(), over: false }
    attempt = begun
    begun.result
      .then(
        (fetched) => {
          value = fetched
          pauseMs = retryMs.least
          again(refreshAfterMs(fetched))
        },
        (error: unknown) => {
          if (!closed) onError(error)
          again(pauseMs)
          pauseMs = Math.min(pauseMs * 2, retryMs.most)
        },
      )
      .finally(() => (begun.over = true))
    return begun.result
  }
  renew().catch(() => {})

  return {
    get value() {
      return value
    },
    renewed() {
      if (attempt && (!attempt.over || performance.now() - attempt.at < minAgeMs)) return attempt.result
      return renew()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
