import { turns } from '@quartet/rpc'
import { createRing, type Ring } from './ring.ts'

/** What one read of a log brought. */
export interface Page<Entry, Position> {
  /** What comes next, in order. */
  readonly entries: readonly Entry[]
  /** Whether there may be more behind these. Unless given: where there are as many as were asked for. */
  readonly more?: boolean
  /** Nothing but these lies between where the read began and here. */
  readonly position: Position
  /** For so long an entry has been there that cannot be read yet: worth looking again soon. */
  readonly heldBackMs?: number
}

/** A log in a table, as those see it who follow it. */
export interface TailOptions<Entry, Position> {
  /** A position that has everything behind it which is committed from now on. */
  readonly end: () => Promise<Position>
  /** The entries behind a position, at most `limit`. */
  readonly read: (after: Position, limit: number) => Promise<Page<Entry, Position>>
  readonly positionOf: (entry: Entry) => Position
  readonly isBefore: (a: Position, b: Position) => boolean
  /** Says when to read: {@link Listener.listen} with a channel. Returns what ends that. */
  readonly listen: (wake: () => void) => () => void
  /** Sees what is read for those who follow live. */
  readonly onRead?: (page: Page<Entry, Position>) => void
  /** Hears of reads that failed and are tried again. */
  readonly onError: (error: unknown) => void
  /** The most entries that are kept for those who follow live. 1,024 unless given. */
  readonly maxEntries?: number
  /** What an entry counts against `maxSize`; 1 unless given. */
  readonly sizeOf?: (entry: Entry) => number
  readonly maxSize?: number
  /** Milliseconds after which the log is read though nothing woke its reader. 2,000 unless given. */
  readonly pollMs?: number
}

/** One step of who follows: an entry, or a heartbeat without one. */
export interface Step<Entry, Position> {
  readonly entry: Entry | undefined
  /** Everything up to here has been delivered. */
  readonly position: Position
}

export interface FollowOptions {
  /** Ends the following, without an error. */
  readonly signal: AbortSignal
  /** Milliseconds between heartbeats, of which the first comes at once. */
  readonly heartbeatMs: number
}

export type Tail<Entry, Position> = ReturnType<typeof createTail<Entry, Position>>

/** What one follower holds: where it is, and how to be woken. */
interface Follower {
  wake: () => void
}

/** The followers there are, and what is read for all of them. */
interface Run<Entry, Position> {
  readonly followers: Set<Follower>
  readonly started: Promise<Ring<Entry, Position>>
  ended: boolean
  /** Has the reader look now. */
  wake: () => void
}

/** Entries of a read. A follower that catches up holds so many. */
const pageSize = 100
/** Reads at a time for those who catch up: they leave the pool's other connections to the rest of the service. */
const catchUpReads = 2
/** Milliseconds until held-back entries are looked for again; doubled each time. */
const soon = { least: 1, most: 64 }

/**
 * Lets any number of readers follow a log. One reader for all reads what is new, once, into a ring of the latest
 * entries; each follower holds a position and takes what comes next from the ring, the same object as all others. One
 * that is behind the ring, be it new or slow, reads from the table in pages until it is there. So memory is bounded by
 * the ring and a page for each of those.
 *
 * Nothing runs and nothing is kept while nobody follows.
 */
export const createTail = <Entry, Position>({
  end,
  read,
  positionOf,
  isBefore,
  listen,
  onRead,
  onError,
  maxEntries = 1_024,
  sizeOf = () => 1,
  maxSize = Infinity,
  pollMs = 2_000,
}: TailOptions<Entry, Position>) => {
  const catchUp = turns({ atOnce: catchUpReads, maxWaiting: Infinity })
  let run: Run<Entry, Position> | undefined

  /** Reads for all, until the last follower has left. */
  const readOn = async (ring: Ring<Entry, Position>, mine: Run<Entry, Position>) => {
    const stopListening = listen(() => mine.wake())
    let soonMs = soon.least
    while (!mine.ended) {
      // Armed before the read: what is committed while that runs is not waited for.
      const woken = Promise.withResolvers<void>()
      mine.wake = woken.resolve
      let pauseMs = pollMs
      try {
        const page = await read(ring.head, pageSize)
        const { entries, position, heldBackMs = 0 } = page
        ring.append(entries, position)
        onRead?.(page)
        if (entries.length) for (const { wake } of mine.followers) wake()
        if (hasMore(page)) continue
        soonMs = heldBackMs ? Math.min(soonMs * 2, soon.most) : soon.least
        if (heldBackMs) pauseMs = soonMs
      } catch (error) {
        onError(error)
      }
      if (mine.ended) break
      const timer = setTimeout(woken.resolve, pauseMs)
      await woken.promise
      clearTimeout(timer)
    }
    stopListening()
  }

  const begin = (): Run<Entry, Position> => {
    const mine: Run<Entry, Position> = {
      followers: new Set(),
      ended: false,
      wake: () => {},
      started: end().then((position) => {
        const ring = createRing(position, { positionOf, isBefore, maxEntries, sizeOf, maxSize })
        void readOn(ring, mine)
        return ring
      }),
    }
    return mine
  }

  const later = (a: Position, b: Position) => (isBefore(a, b) ? b : a)

  /** One more follower, who is woken for entries, heartbeats and its end. */
  const enter = ({ signal, heartbeatMs }: FollowOptions) => {
    const mine = (run ??= begin())
    const follower = { wake: () => {}, heartbeatDue: true, started: mine.started, leave: () => {} }
    const heartbeats = setInterval(() => {
      follower.heartbeatDue = true
      follower.wake()
    }, heartbeatMs)
    const onAbort = () => follower.wake()
    mine.followers.add(follower)
    signal.addEventListener('abort', onAbort)
    follower.leave = () => {
      clearInterval(heartbeats)
      signal.removeEventListener('abort', onAbort)
      mine.followers.delete(follower)
      if (mine.followers.size) return
      mine.ended = true
      mine.wake()
      run = undefined
    }
    return follower
  }

  return {
    /**
     * Everything behind a position, in order and once, and then what comes.
     *
     * @throws whatever the first read or one to catch up failed with; a failure to read on is waited out.
     */
    async *follow(position: Position, options: FollowOptions): AsyncGenerator<Step<Entry, Position>> {
      const { signal } = options
      const follower = enter(options)
      try {
        const ring = await follower.started
        let next = -1
        while (!signal.aborted) {
          if (follower.heartbeatDue) {
            follower.heartbeatDue = false
            yield { entry: undefined, position }
            continue
          }
          if (next < 0 || !ring.reaches(next)) next = ring.indexAfter(position)
          if (next < 0) {
            const { floor } = ring
            const page = await catchUp(() => read(position, pageSize), signal)
            for (const entry of page.entries) yield { entry, position: (position = positionOf(entry)) }
            if (!hasMore(page)) position = later(page.position, floor)
            continue
          }
          const entry = ring.at(next)
          if (entry !== undefined) {
            next++
            // A page may have been ahead of the ring.
            if (!isBefore(position, positionOf(entry))) continue
            yield { entry, position: (position = positionOf(entry)) }
            continue
          }
          position = later(position, ring.head)
          await new Promise<void>((resolve) => (follower.wake = resolve))
        }
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        follower.leave()
      }
    },

    /**
     * The same for a thousand followers: hands entries over as they come, without a promise for each. Resolves when the
     * signal aborts.
     *
     * @param onEntry may return a promise: the next entry waits for it.
     * @param onHeartbeat is told up to where everything has been handed over; the next entry waits for it, too.
     */
    async each(
      position: Position,
      options: FollowOptions,
      onEntry: (entry: Entry) => Promise<void> | undefined,
      onHeartbeat: (position: Position) => Promise<void> | undefined = () => undefined,
    ): Promise<void> {
      const { signal } = options
      const follower = enter(options)
      try {
        const ring = await follower.started
        let next = -1
        let full: Promise<void> | undefined
        /** Hands over what the ring has. Says whether there is nothing to do but to wait for more. */
        const handOver = (): boolean => {
          while (!full && !follower.heartbeatDue && !signal.aborted && ring.reaches(next)) {
            const entry = ring.at(next)
            if (entry === undefined) return true
            next++
            // A page may have been ahead of the ring.
            if (!isBefore(position, positionOf(entry))) continue
            position = positionOf(entry)
            full = onEntry(entry)
          }
          return false
        }
        while (!signal.aborted) {
          if (full) await full
          full = undefined
          if (follower.heartbeatDue) {
            follower.heartbeatDue = false
            full = onHeartbeat(position)
            continue
          }
          if (next < 0 || !ring.reaches(next)) next = ring.indexAfter(position)
          if (next < 0) {
            const { floor } = ring
            const page = await catchUp(() => read(position, pageSize), signal)
            for (const entry of page.entries) {
              if (signal.aborted) return
              position = positionOf(entry)
              await onEntry(entry)
            }
            if (!hasMore(page)) position = later(page.position, floor)
            continue
          }
          await new Promise<void>((resolve, reject) => {
            follower.wake = () => {
              try {
                if (!handOver()) resolve()
                else position = later(position, ring.head)
              } catch (error) {
                // Of this follower alone: whoever wakes it wakes others, too.
                reject(error as Error)
              }
            }
            follower.wake()
          })
          follower.wake = () => {}
        }
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        follower.leave()
      }
    },
  }
}

const hasMore = ({ entries, more = entries.length === pageSize }: Page<unknown, unknown>): boolean => more
