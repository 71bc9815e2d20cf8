import { setTimeout as delay } from 'node:timers/promises'
import type { Running } from './child.ts'
import { lastWords } from './last-words.ts'

const limit = 60_000

/**
 * Waits until a process that was just started answers that it is ready. Its end, the limit of 60 s and the
 * signal each end the wait; the process is then stopped, and the error says in one line what it said last.
 */
export const untilReady = async (
  name: string,
  child: Running,
  probe: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> => {
  const over = new AbortController()
  const late = AbortSignal.timeout(limit)
  const either = AbortSignal.any([signal, late, over.signal])
  void child.exited.then(() => over.abort())
  try {
    while (!(await probe(either).catch(() => false))) await delay(30, undefined, { signal: either })
  } catch {
    await child.stop()
    signal.throwIfAborted()
    const what = late.aborted ? `was not ready after ${limit / 1000} s` : 'did not start'
    throw new Error(`${name} ${what}: ${lastWords(name, child.lastLines())}`)
  }
}
