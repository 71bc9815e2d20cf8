import { resourceExhausted } from '../errors.ts'
import { isInfrastructure } from '../infrastructure.ts'
import type { Interceptor } from '../interceptor.ts'

/** Those who are refused come back after this much, give or take a half: at once they would all meet again. */
const retryAfterMs = 1_000

/**
 * Refuses with RESOURCE_EXHAUSTED and RetryInfo what comes while `most` calls are open in this process, streams
 * included. Past some number more calls at once make all of them late; answered early, a caller can go elsewhere.
 * Health and reflection pass: a process that is busy must not look dead.
 */
export const inFlight = (most: number): Interceptor => {
  let open = 0
  return {
    onCall({ method }) {
      if (isInfrastructure(method)) return
      // What is refused is counted until its onEnd, which follows at once.
      if (++open > most) throw resourceExhausted('OVERLOADED', retryAfterMs * (0.5 + Math.random()))
    },
    onEnd({ method }) {
      if (!isInfrastructure(method)) open--
    },
  }
}
