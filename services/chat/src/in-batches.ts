interface Asked<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers work on the same thing: what is asked for within one turn of the event loop, or while another batch of the key
 * is under way, becomes one batch. Of each key one runs at a time, and items keep the order in which they came.
 *
 * @param run does the work for a key and answers in the order of the items. A batch that fails fails its own callers.
 * @param size the most items of a batch.
 */
export const inBatches = <Item, Result>(
  run: (key: string, items: readonly Item[]) => Promise<readonly Result[]>,
  size: number,
) => {
  const queues = new Map<string, Asked<Item, Result>[]>()

  const work = async (key: string, queue: Asked<Item, Result>[]) => {
    while (queue.length) {
      const batch = queue.splice(0, size)
      const items = batch.map(({ item }) => item)
      try {
        const results = await run(key, items)
        for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    queues.delete(key)
  }

  return (key: string, item: Item): Promise<Result> => {
    let queue = queues.get(key)
    if (!queue) {
      const begun: Asked<Item, Result>[] = []
      queues.set(key, (queue = begun))
      setImmediate(() => void work(key, begun))
    }
    const { promise, ...asked } = Promise.withResolvers<Result>()
    queue.push({ item, ...asked })
    return promise
  }
}
