import type { InterceptedCall, Interceptor, Outcome } from './interceptor.ts'

/** Whom the interceptors let in. */
export interface Applicant extends InterceptedCall {
  /** Whether the call is over already. */
  readonly over: boolean
  /** All have let it pass. */
  admitted(): void
  /** One has not. */
  fail(error: unknown): void
}

/** The interceptors around one call: asked in their order when it begins, told in the reverse order when it ends. */
export class Admission {
  readonly #interceptors: readonly Interceptor[]
  readonly #call: Applicant
  /** Interceptors that have been asked. */
  #asked = 0
  /** Settles, never rejecting, when the last of them that was asked need not be waited for any more. */
  #waiting: Promise<void> | undefined

  constructor(interceptors: readonly Interceptor[], call: Applicant) {
    this.#interceptors = interceptors
    this.#call = call
  }

  /** Asks them from where the last one waited, without a promise where none of them waits. */
  ask(): void {
    const call = this.#call
    try {
      while (!call.over && this.#asked < this.#interceptors.length) {
        const waiting = this.#interceptors[this.#asked++]!.onCall?.(call)
        if (waiting) return this.#waitFor(waiting)
      }
    } catch (error) {
      return call.fail(error)
    }
    if (!call.over) call.admitted()
  }

  #waitFor(waiting: Promise<void>): void {
    const goOn = (next: () => void) => {
      this.#waiting = undefined
      next()
    }
    this.#waiting = waiting.then(
      () => goOn(() => this.ask()),
      (error) => goOn(() => this.#call.fail(error)),
    )
  }

  /** Tells those that were asked how the call ended. */
  end(outcome: Outcome): void {
    for (let i = this.#asked - 1; i >= 0; i--) {
      const interceptor = this.#interceptors[i]!
      // The last that was asked may still be at it: the end comes behind the beginning, for the others now.
      if (i === this.#asked - 1 && this.#waiting)
        void this.#waiting.then(() => this.#tell(interceptor, outcome))
      else this.#tell(interceptor, outcome)
    }
  }

  #tell(interceptor: Interceptor, outcome: Outcome): void {
    try {
      interceptor.onEnd?.(this.#call, outcome)
    } catch (err) {
      // One that fails must not keep the others from freeing what they hold.
      this.#call.logger.error({ err }, 'an interceptor failed at the end of a call')
    }
  }
}
