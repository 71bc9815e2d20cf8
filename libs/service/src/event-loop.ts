import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { hysteresis } from './hysteresis.ts'

export interface EventLoopOptions {
  /** Milliseconds: how late the loop may be before it counts as overloaded. */
  readonly limitMs: number
  readonly logger: Logger
  /** Milliseconds that are looked at together. */
  readonly windowMs?: number
}

const resolutionMs = 10

/**
 * Watches how late the event loop is. With more to do than it can, every turn of it grows longer, until a call takes
 * more turns than its deadline has; `assertResponsive` belongs into readiness, so that balancers send calls elsewhere
 * before that.
 */
export const watchEventLoop = ({ limitMs, logger, windowMs = 1_000 }: EventLoopOptions) => {
  const monitor = monitorEventLoopDelay({ resolution: resolutionMs })
  monitor.enable()
  const isOverloaded = hysteresis(limitMs)
  let overloaded = false
  let windowBegan = performance.now()

  const timer = setInterval(() => {
    const now = performance.now()
    const delayMs = lateness(monitor, now - windowBegan)
    windowBegan = now
    monitor.reset()
    if (isOverloaded(delayMs) === overloaded) return
    overloaded = !overloaded
    logger.warn({ delayMs, limitMs }, overloaded ? 'event loop: overloaded' : 'event loop: recovered')
  }, windowMs).unref()

  return {
    /** @throws Error while the loop is overloaded. */
    assertResponsive: (): void => {
      if (overloaded) throw new Error('the event loop is overloaded')
    },
    stop: (): void => {
      clearInterval(timer)
      monitor.disable()
    },
  }
}

/**
 * Milliseconds of the turn of the loop that something which arrives at a random time of the window falls into: the
 * squares of the turns over their sum. A plain mean, or a median, takes a loop that is blocked half of the time
 * between many short turns for a quick one.
 */
const lateness = (
  { count, mean, stddev }: { count: number; mean: number; stddev: number },
  windowMs: number,
): number => {
  const seenMs = count ? (count * mean) / 1e6 : 0
  const squares = count ? (count * (mean ** 2 + stddev ** 2)) / 1e12 : 0
  // The monitor does not tell of the first turn after a reset, and it may be the longest.
  const unseenMs = Math.max(0, windowMs - seenMs)
  return Math.max(0, Math.round((squares + unseenMs ** 2) / windowMs - resolutionMs))
}
