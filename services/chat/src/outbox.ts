/** How many responses of one stream wait here for it; the next source waits with its own. */
const size = 32

/** Where the sources of a stream leave what it sends. */
export interface Outbox<Response> {
  /** Adds a response. The promise, where there is one, waits for room: whoever has more waits for it. */
  readonly put: (response: Response) => Promise<void> | undefined
  /** Adds a response where there is room. One that there is none for is lost. */
  readonly offer: (response: Response) => void
  /** Ends the stream with an error, at once. */
  readonly fail: (error: unknown) => void
}

/**
 * The responses of a stream that has several sources. `fill` starts them; when it resolves, the stream ends with what has
 * been put by then, and it fails with what `fill` throws.
 *
 * @param signal of the call. `fill` is given one that also aborts when the stream has ended in any way.
 */
export const outbox = <Response>(
  signal: AbortSignal,
  fill: (out: Outbox<Response>, signal: AbortSignal) => Promise<void>,
): AsyncIterableIterator<Response> => {
  const waiting: Response[] = []
  const ended = new AbortController()
  let reader: PromiseWithResolvers<IteratorResult<Response>> | undefined
  let room: PromiseWithResolvers<void> | undefined
  /** What is said to the reader when nothing waits any more. */
  let end: { readonly error?: unknown } | undefined

  const finish = (how: { readonly error?: unknown }) => {
    if (end) return
    end = how
    if ('error' in how) {
      waiting.length = 0
      reader?.reject(how.error)
    } else {
      reader?.resolve(done)
    }
    room?.resolve()
    signal.removeEventListener('abort', onAbort)
    ended.abort()
  }
  const onAbort = () => finish({ error: signal.reason })

  const out: Outbox<Response> = {
    put(response) {
      if (end) return undefined
      if (reader) {
        reader.resolve({ done: false, value: response })
        reader = undefined
        return undefined
      }
      waiting.push(response)
      if (waiting.length < size) return undefined
      return (room ??= Promise.withResolvers()).promise
    },
    offer(response) {
      if (waiting.length < size) void out.put(response)
    },
    fail: (error) => finish({ error }),
  }

  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  else fill(out, ended.signal).then(() => finish({}), out.fail)

  return {
    next() {
      if (waiting.length) {
        const value = waiting.shift()!
        room?.resolve()
        room = undefined
        return Promise.resolve({ done: false, value })
      }
      if (end) return 'error' in end ? Promise.reject(end.error as Error) : Promise.resolve(done)
      return (reader = Promise.withResolvers()).promise
    },
    return() {
      finish({})
      return Promise.resolve(done)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const done: IteratorResult<never> = { done: true, value: undefined }
