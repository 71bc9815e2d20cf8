import { gather } from '@quartet/database'
import type { Logger } from 'pino'
import type { Pool } from 'pg'
import { append, lock, type NewEvent } from './append.ts'
import { feedMetrics } from './feed-metrics.ts'
import { feedTable, type Now, type StoredEvent } from './feed-table.ts'
import type { Listener } from './listener.ts'
import { createNotifier } from './notifier.ts'
import { decodeResumeToken, encodeResumeToken, type Position } from './resume-token.ts'
import type { Transaction } from './statement.ts'
import { createTail } from './tail.ts'

export interface FeedOptions<Data, Entry> {
  /** Of the feed: "users". */
  readonly name: string
  /** Of the database that has the table `events`. */
  readonly pool: Pool
  readonly listener: Listener
  readonly logger: Logger
  /**
   * What followers get of an event. Made once for all who follow live, so that it can hold a message that is
   * marked with `encodeOnce`; nobody may change it.
   */
  readonly toEntry: (event: StoredEvent<Data>) => Entry
}

export interface FollowFeedOptions {
  /** Where to go on; empty: from now, which is everything that is committed after the call began. */
  readonly resumeToken: string
  /** Ends the following, without an error. */
  readonly signal: AbortSignal
  /** Milliseconds between heartbeats, of which the first comes at once. 20,000 unless given. */
  readonly heartbeatMs?: number
}

/** An entry, or a heartbeat without one. */
export interface Followed<Entry> {
  readonly entry: Entry | undefined
  /** Goes on after it. */
  readonly resumeToken: string
}

export type Feed<Data, Entry> = ReturnType<typeof createFeed<Data, Entry>>

/** Characters of data that are kept for those who follow live. */
const maxSize = 16 * 1024 * 1024
const sweepEveryMs = 60_000

/**
 * The durable feed of a service: what happened, in its table `events`, for any number of followers on any replica.
 * docs/events.md says what it promises, and what its writers have to know.
 *
 * It deletes what is older than 7 days, each minute, until it is closed.
 */
export const createFeed = <Data, Entry>({
  name,
  pool,
  listener,
  logger,
  toEntry,
}: FeedOptions<Data, Entry>) => {
  const table = feedTable<Data>(pool, name)
  const metrics = feedMetrics(name)
  const warn = (message: string) => (err: unknown) => logger.warn({ err, feed: name }, message)
  const channel = `events ${name}`
  const notify = createNotifier({ pool, channel, onError: warn('cannot tell of news') })
  let origin = ''

  /** What the feed looks like to all who ask within one turn of the event loop. */
  const now = gather<Now>(async () => {
    const seen = await table.now()
    ;({ origin } = seen)
    return new Map([['', seen]])
  })

  const tail = createTail({
    end: async () => (await now(''))!.position,
    async read(after: Position, limit) {
      const { rows, now, heldBackMs } = await table.read(after, limit, origin)
      const last = rows.at(-1)?.position
      return {
        entries: rows.map(({ event, position, size }) => ({
          followed: { entry: toEntry(event), resumeToken: event.resumeToken },
          id: event.id,
          delayMs: now - position.at,
          position,
          size,
        })),
        position: rows.length === limit ? last! : { ...(last ?? after), at: now },
        heldBackMs,
      }
    },
    onRead: (page) => metrics.read(page),
    positionOf: ({ position }) => position,
    isBefore: (a, b) => a.tx < b.tx || (a.tx === b.tx && a.seq < b.seq),
    listen: (wake) => listener.listen(channel, wake),
    onError: warn('cannot read the feed'),
    sizeOf: ({ size }) => size,
    maxSize,
  })

  let sweeping = false
  const sweeps = setInterval(() => {
    if (sweeping) return
    sweeping = true
    table
      .sweep()
      .catch(warn('cannot delete old events'))
      .finally(() => (sweeping = false))
  }, sweepEveryMs).unref()

  /** Where a follower begins, and the ids of events behind it that were there before. */
  const begin = async (resumeToken: string) => {
    const begun = (await now(''))!
    const position = resumeToken ? decodeResumeToken(resumeToken, begun) : begun.position
    const token = (reached: Position) => encodeResumeToken(reached, begun.origin)
    return { position, before: new Set(resumeToken ? [] : begun.heldBack), token }
  }

  return {
    /**
     * Has transactions that change the same thing follow one another, so that its events are in the order of its changes.
     * The first statement of a transaction that changes something which others may be changing.
     *
     * @param subject the one of its events.
     */
    lock,

    /** Writes events down in the transaction of the change that they tell of, in this order: both are stored or neither. */
    append: (tx: Transaction, ...events: readonly NewEvent<Data>[]): Promise<void> => append(tx, events),

    /** Tells the followers on all replicas that there is news. Call it after each commit; late is better than before. */
    committed: () => notify(),

    /**
     * Every event from somewhere on, in order and once, and then those to come.
     *
     * @throws RpcError OUT_OF_RANGE RESUME_TOKEN_EXPIRED; else what the database failed with at the start or while
     *   catching up. A failure later is waited out.
     */
    async *follow({
      resumeToken,
      signal,
      heartbeatMs = 20_000,
    }: FollowFeedOptions): AsyncGenerator<Followed<Entry>> {
      const { position, before, token } = await begin(resumeToken)
      metrics.joined()
      try {
        for await (const { entry, position: reached } of tail.follow(position, { signal, heartbeatMs })) {
          if (!entry) yield { entry: undefined, resumeToken: token(reached) }
          else if (!before.delete(entry.id)) yield entry.followed
        }
      } finally {
        metrics.left()
      }
    },

    /**
     * The same for a thousand followers: hands over what comes, without a promise for each. Resolves when the signal
     * aborts.
     *
     * @param onStep may return a promise: what is next waits for it.
     * @throws as `follow`.
     */
    async each(
      { resumeToken, signal, heartbeatMs = 20_000 }: FollowFeedOptions,
      onStep: (step: Followed<Entry>) => Promise<void> | undefined,
    ): Promise<void> {
      const { position, before, token } = await begin(resumeToken)
      metrics.joined()
      try {
        await tail.each(
          position,
          { signal, heartbeatMs },
          ({ id, followed }) => (before.delete(id) ? undefined : onStep(followed)),
          (reached) => onStep({ entry: undefined, resumeToken: token(reached) }),
        )
      } finally {
        metrics.left()
      }
    },

    /** How far behind its followers are. */
    metrics: metrics.families,

    close: (): void => clearInterval(sweeps),
  }
}
