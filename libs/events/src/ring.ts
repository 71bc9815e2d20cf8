export interface RingOptions<Entry, Position> {
  readonly positionOf: (entry: Entry) => Position
  readonly isBefore: (a: Position, b: Position) => boolean
  /** The most entries that it keeps. */
  readonly maxEntries: number
  /** What an entry counts against `maxSize`. */
  readonly sizeOf: (entry: Entry) => number
  readonly maxSize: number
}

export type Ring<Entry, Position> = ReturnType<typeof createRing<Entry, Position>>

/**
 * The latest entries of a log, without a gap, for readers that each know only an index. Entries are counted from the
 * first that was ever in it, so an index means the same one for ever.
 *
 * @param start the position behind which the first entry will lie.
 */
export const createRing = <Entry, Position>(
  start: Position,
  { positionOf, isBefore, maxEntries, sizeOf, maxSize }: RingOptions<Entry, Position>,
) => {
  const entries: Entry[] = []
  let size = 0
  let first = 0
  let floor = start
  let head = start

  /** Makes room, for the last entry at least. */
  const evict = () => {
    let count = 0
    while (entries.length - count > 1 && (size > maxSize || entries.length - count > maxEntries))
      size -= sizeOf(entries[count++]!)
    if (count === 0) return
    floor = positionOf(entries[count - 1]!)
    first += count
    entries.splice(0, count)
  }

  return {
    /** Behind this lies the first entry: who has got this far needs nothing but the ring. */
    get floor() {
      return floor
    },
    /** The log is known up to here. */
    get head() {
      return head
    },
    /** Adds what comes next; the log is then known up to `position`. */
    append(next: readonly Entry[], position: Position): void {
      for (const entry of next) {
        entries.push(entry)
        size += sizeOf(entry)
      }
      head = position
      evict()
    },
    /** Whether an entry with this index is, or will be, here. */
    reaches: (index: number): boolean => index >= first,
    at: (index: number): Entry | undefined => entries[index - first],
    /** The index of the first entry behind the position, which may be the next to come; -1 where the ring begins later. */
    indexAfter(position: Position): number {
      if (isBefore(position, floor)) return -1
      let low = 0
      let high = entries.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (isBefore(position, positionOf(entries[middle]!))) high = middle
        else low = middle + 1
      }
      return first + low
    },
  }
}
