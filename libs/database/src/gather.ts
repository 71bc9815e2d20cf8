/** A query never asks for more ids than this; what comes in at once beyond it makes another query. */
const batchSize = 1_000

/**
 * Point reads that cost little more than answers from memory: what all callers ask for within one turn of the event
 * loop becomes one query (`where id = any($1)`). An id that several ask for is read once, and they share the row, so
 * nobody may change it. A query that fails fails its own callers.
 *
 * There is no signal: a caller may stop waiting, but the query is everybody's. The pool's statement_timeout bounds it.
 *
 * @param fetchMany reads rows by their ids; an id that it leaves out of its answer has no row.
 */
export const gather = <Row>(fetchMany: (ids: string[]) => Promise<Map<string, Row>>) => {
  let waiting = new Map<string, PromiseWithResolvers<Row | undefined>>()

  const flush = async (batch: typeof waiting) => {
    if (batch === waiting) waiting = new Map()
    try {
      const rows = await fetchMany([...batch.keys()])
      for (const [id, caller] of batch) caller.resolve(rows.get(id))
    } catch (error) {
      for (const caller of batch.values()) caller.reject(error)
    }
  }

  return (id: string): Promise<Row | undefined> => {
    const asked = waiting.get(id)
    if (asked) return asked.promise
    if (waiting.size === batchSize) waiting = new Map()
    const batch = waiting
    if (batch.size === 0) setImmediate(() => void flush(batch))
    const caller = Promise.withResolvers<Row | undefined>()
    batch.set(id, caller)
    return caller.promise
  }
}
