import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { fromServiceError } from './error.ts'

/**
 * The responses of a call. It is made when the first of them is asked for, so that a stream nobody reads costs nothing,
 * and read no faster than they are asked for. `return()`, which is what leaving a `for await` calls, cancels it at once,
 * also while another response is waited for.
 *
 * @param start makes the call. It is given a function for what goes wrong on this side: with it the iteration ends.
 */
export const receive = (
  start: (fail: (error: unknown) => void) => Promise<ClientReadableStream<object>>,
): AsyncIterableIterator<object> => {
  let call: ClientReadableStream<object> | undefined
  let left = false
  let failure: { error: unknown } | undefined

  async function* responses() {
    try {
      call = await start((error) => (failure ??= { error }))
      if (left) call.cancel()
      yield* call as AsyncIterable<object>
    } catch (error) {
      if (left) return
      throw failure ? failure.error : call ? fromServiceError(error as ServiceError) : error
    } finally {
      call?.cancel()
    }
  }

  const iterator = responses()
  return {
    next: () => iterator.next(),
    return() {
      left = true
      call?.cancel()
      return iterator.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
