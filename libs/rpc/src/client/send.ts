import { once } from 'node:events'
import type { ClientWritableStream } from '@grpc/grpc-js'
import { leave } from '../leave.ts'

/**
 * Writes the requests of a call no faster than its peer reads, and stops when the call is over, whoever ended it and
 * whether or not the next request ever comes: the iterable's `return()` is called then.
 *
 * @param fail is told what the iterable throws, and then the call is cancelled.
 */
export const send = async (
  call: ClientWritableStream<object>,
  requests: AsyncIterable<object>,
  fail: (error: unknown) => void,
): Promise<void> => {
  let over = false
  let wake = () => {}
  call.once('status', () => {
    over = true
    wake()
  })
  // Not Promise.race against one promise for the end: that would keep something of each request until the end.
  const whileOpen = <T>(step: Promise<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      wake = () => resolve(undefined)
      step.then(resolve, reject)
    })

  try {
    const iterator = requests[Symbol.asyncIterator]()
    while (!over) {
      const next = await whileOpen(iterator.next())
      if (next?.done) return void call.end()
      if (next && !over && !call.write(next.value)) await whileOpen(once(call, 'drain'))
    }
    void leave(iterator)
  } catch (error) {
    fail(error)
    call.cancel()
  }
}
