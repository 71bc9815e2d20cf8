import { bytesOf, maxPageBytes } from './message-size.ts'

/**
 * Splits rows into pages that fit into a message each: at most `size` rows, and of large ones fewer. A single row that
 * does not fit is a page all the same.
 *
 * @param rows as they are sent, since that is what is measured.
 */
export function* pagesOf<Row>(rows: readonly Row[], size: number): Generator<Row[]> {
  let page: Row[] = []
  let bytes = 0
  for (const row of rows) {
    const more = bytesOf(row)
    if (page.length && (page.length === size || bytes + more > maxPageBytes)) {
      yield page
      page = []
      bytes = 0
    }
    page.push(row)
    bytes += more
  }
  if (page.length) yield page
}
