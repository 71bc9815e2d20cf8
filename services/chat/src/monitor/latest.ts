/**
 * A stream of values of which only the latest of each key counts: who reads slower than they come gets fewer of them, and
 * nothing piles up. Ends with its signal.
 *
 * @param start begins to `set` values; returns what ends that.
 */
export async function* latest<Value>(
  signal: AbortSignal,
  start: (set: (key: string, value: Value) => void) => () => void,
): AsyncGenerator<Value> {
  const values = new Map<string, Value>()
  let wake = () => {}
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  const stop = start((key, value) => {
    values.set(key, value)
    wake()
  })
  try {
    while (!signal.aborted) {
      const [next] = values
      if (!next) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      values.delete(next[0])
      yield next[1]
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop()
  }
}
