import { resourceExhausted } from './errors.ts'

/**
 * Lets at most `atOnce` pieces of work run at a time; the others wait their turn, at most `maxWaiting` of them.
 *
 * The function that it returns throws the reason of `signal` when that aborts while the work waits (it then never runs),
 * and RpcError RESOURCE_EXHAUSTED when too many wait already.
 */
export const turns = ({ atOnce, maxWaiting }: { atOnce: number; maxWaiting: number }) => {
  let running = 0
  const waiting = new Set<() => void>()

  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      if (waiting.size >= maxWaiting) return reject(resourceExhausted('BUSY', 1_000))
      const leave = () => {
        waiting.delete(start)
        reject(signal!.reason)
      }
      const start = () => {
        waiting.delete(start)
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      waiting.add(start)
      signal?.addEventListener('abort', leave, { once: true })
    })

  return async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    signal?.throwIfAborted()
    if (running < atOnce) running++
    else await turn(signal)
    try {
      return await work()
    } finally {
      // The place goes straight to the next in line, or is free.
      const [next] = waiting
      if (next) next()
      else running--
    }
  }
}
