import { setImmediate as turn } from 'node:timers/promises'
import { leave } from './leave.ts'
import { bytesOf, maxPageBytes } from './message-size.ts'

/**
 * Gathers rows into pages, because a message for each row costs five times the CPU of a hundred in one. A page that is
 * not full leaves after one turn of the event loop: no row waits for the next one. So does one of 3 MiB, since it has to
 * fit into a message.
 *
 * @param size most rows in a page.
 */
export async function* inPages<Row>(rows: AsyncIterable<Row>, size = 100): AsyncGenerator<Row[]> {
  const iterator = rows[Symbol.asyncIterator]()
  let page: Row[] = []
  let bytes = 0
  let paused: Promise<'paused'> | undefined
  let pending: Promise<IteratorResult<Row>> | undefined
  try {
    for (;;) {
      pending ??= iterator.next()
      const row = await (paused ? Promise.race([pending, paused]) : pending)
      if (row !== 'paused') {
        pending = undefined
        if (row.done) break
        page.push(row.value)
        bytes += bytesOf(row.value)
        paused ??= turn('paused')
        if (page.length < size && bytes < maxPageBytes) continue
      }
      yield page
      page = []
      bytes = 0
      paused = undefined
    }
    if (page.length) yield page
  } finally {
    pending?.catch(() => {})
    if (pending) void leave(iterator)
    else await iterator.return?.()
  }
}
