import { setTimeout as delay } from 'node:timers/promises'
import type { Exit, Running } from './child.ts'

/** A process that is brought back when it dies. */
export interface Supervised {
  /** Undefined while it is down. */
  readonly pid: () => number | undefined
  /** Ends it and starts it again, at once even when it was waiting to be brought back. */
  readonly restart: () => void
  /** Ends it for good. */
  readonly stop: () => Promise<void>
}

export interface Death {
  /** How it ended, or why it could not be started again. */
  readonly reason: Exit | Error
  readonly lastLines: readonly string[]
  /** Milliseconds until it is tried again. */
  readonly pause: number
}

export interface Supervision {
  /** Resolves when the process is ready for work; throws one line when it did not get there. */
  readonly start: (signal: AbortSignal) => Promise<Running>
  /** It ended without being asked to, or could not be brought back. */
  readonly onDeath: (death: Death) => void
  /** It is ready again. */
  readonly onReturn: () => void
  /** The pause before it is brought back, in milliseconds: four times as long each time, up to the longest. */
  readonly pauses?: { readonly shortest: number; readonly longest: number }
}

/**
 * Starts a process and keeps it up. What fails the first time is a mistake that trying again does not mend: then
 * this throws what `start` threw. Later it tries for ever, since what a process lacks (its database, its
 * port) may come back; one that stayed up longer than the longest pause begins again with the shortest.
 */
export const supervise = async (
  { start, onDeath, onReturn, pauses = { shortest: 250, longest: 30_000 } }: Supervision,
  signal: AbortSignal,
): Promise<Supervised> => {
  let running: Running | undefined = await start(signal)
  let stopped = false
  /** Aborted by restart and stop: whatever the present round waits for is then over. */
  let round = new AbortController()

  const keepUp = async () => {
    let pause = pauses.shortest
    let upSince = performance.now()
    while (!stopped) {
      round = new AbortController()
      const { signal } = round
      let death: Omit<Death, 'pause'>
      try {
        if (!running) {
          running = await start(signal)
          upSince = performance.now()
          if (!signal.aborted) onReturn()
        }
        const exit = await endOf(running, signal)
        death = { reason: exit, lastLines: running.lastLines() }
      } catch (error) {
        death = { reason: error as Error, lastLines: [] }
      }
      const lasted = running !== undefined && performance.now() - upSince > pauses.longest
      running = undefined
      if (signal.aborted || lasted) pause = pauses.shortest
      if (signal.aborted) continue
      onDeath({ ...death, pause })
      await delay(pause, undefined, { signal }).catch(() => {})
      pause = Math.min(pause * 4, pauses.longest)
    }
  }
  const kept = keepUp()

  return {
    pid: () => running?.pid,
    restart: () => round.abort(),
    async stop() {
      stopped = true
      round.abort()
      await kept
    },
  }
}

/** Waits for a process to end, which it is asked for when the signal aborts. */
const endOf = async (running: Running, signal: AbortSignal): Promise<Exit> => {
  const end = () => void running.stop()
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  return await running.exited
}
