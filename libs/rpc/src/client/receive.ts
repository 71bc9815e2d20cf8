import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { failureOf } from './failure.ts'
import type { Invocation } from './invocation.ts'

/**
 * The responses of a call. It is made when the first of them is asked for, so that a stream nobody reads costs nothing,
 * and read no faster than they are asked for. `return()`, which is what leaving a `for await` calls, cancels it at once,
 * also while another response is waited for.
 *
 * @param start makes the call. It is given a function for what goes wrong on this side: with it the iteration ends.
 */
export const receive = (
  start: (
    fail: (error: unknown) => void,
  ) => Promise<{ readonly call: ClientReadableStream<object>; readonly invocation: Invocation }>,
): AsyncIterableIterator<object> => {
  let made: Awaited<ReturnType<typeof start>> | undefined
  let left = false
  let failure: { error: unknown } | undefined

  async function* responses() {
    try {
      made = await start((error) => (failure ??= { error }))
      if (left) made.call.cancel()
      yield* made.call as AsyncIterable<object>
    } catch (error) {
      if (left) return
      throw failure ? failure.error : made ? failureOf(error as ServiceError, made.invocation) : error
    } finally {
      made?.call.cancel()
    }
  }

  const iterator = responses()
  return {
    next: () => iterator.next(),
    return() {
      left = true
      made?.call.cancel()
      return iterator.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
