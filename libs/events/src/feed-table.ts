import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { encodeResumeToken, retentionDays, type Feed, type Position } from './resume-token.ts'

/** An event as its followers get it. */
export interface StoredEvent<Data> {
  /** A UUIDv7: what to deduplicate by. */
  readonly id: string
  readonly kind: string
  readonly subject: string
  readonly data: Data
  readonly occurredAt: Date
  /** Goes on after this event. */
  readonly resumeToken: string
}

/** An event where it stands, and how much it takes. */
export interface Row<Data> {
  readonly event: StoredEvent<Data>
  readonly position: Position
  /** Characters of its data. */
  readonly size: number
}

/** The feed at one moment. */
export interface Now extends Feed {
  /** Behind the last event that can be read. */
  readonly position: Position
  /** The ids of events that were committed by then and cannot be read yet. */
  readonly heldBack: readonly string[]
}

/** How much more than a token is good for events are kept: they can be older than their place in the feed says. */
const marginMinutes = 60
const sweepSize = 1_000

/*
 * Events are numbered by (tx, seq) and read up to the oldest transaction that runs anywhere on the server. What is below
 * that has been decided: nothing can appear any more where a reader has been. A reader that went by seq alone would miss
 * what got its number early and was committed late.
 *
 * Positions are those of events, never the number of a transaction: PostgreSQL gives the numbers of transactions that
 * left nothing behind a second time after a crash, and those below a committed one it does not.
 */

/** The table `events` of a service. */
export const feedTable = <Data>(pool: Pool, name: string) => ({
  async now(): Promise<Now> {
    const { rows } = await pool.query({
      name: 'feed now',
      text: `
        with seen as materialized (
          select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon,
                 pg_snapshot_xmax(pg_current_snapshot())::text::bigint as "nextTx")
        select "nextTx", floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now,
               concat_ws('/', (select system_identifier from pg_control_system()),
                 (select oid from pg_database where datname = current_database())) as database,
               coalesce(last.tx, 0) as tx, coalesce(last.seq, 0) as seq,
               array(select id from events where events.tx >= horizon) as "heldBack"
        from seen left join lateral (
          select tx, seq from events where tx < horizon order by tx desc, seq desc limit 1) as last on true`,
    })
    const { nextTx, now, database, tx, seq, heldBack } = rows[0]
    return {
      origin: hash('sha256', `${database}/${name}`, 'base64url').slice(0, 12),
      nextTx: BigInt(nextTx),
      now,
      position: { tx: BigInt(tx), seq: BigInt(seq), at: now },
      heldBack,
    }
  },

  /** The events behind a position, at most `limit`, and for how many milliseconds the next has been held back. */
  async read({ tx, seq }: Position, limit: number, origin: string) {
    const { rows } = await pool.query({
      name: 'feed read',
      text: `
        with seen as materialized (
          select horizon, clock_timestamp() as now,
                 (select clock_timestamp() - occurred_at from events
                  where (tx, seq) > ($1, $2) and tx >= horizon order by tx, seq limit 1) as held_back
          from (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as horizon) as snapshot)
        select floor(extract(epoch from now) * 1000)::float8 as now,
               coalesce(extract(epoch from held_back) * 1000, 0)::float8 as "heldBackMs", event.*
        from seen left join lateral (
          select tx, seq, id, kind, subject, data::text, occurred_at as "occurredAt" from events
          where (tx, seq) > ($1, $2) and tx < horizon order by tx, seq limit $3) as event on true
        order by tx, seq`,
      values: [tx, seq, limit],
    })
    const { now, heldBackMs } = rows[0] as { now: number; heldBackMs: number }
    const found = rows[0].id ? rows : []
    return { rows: found.map((row) => toRow<Data>(row, origin)), now, heldBackMs }
  },

  /** Deletes events that no token can ask for any more, 1,000 at a time so that nothing takes long. */
  async sweep(): Promise<void> {
    for (let deleted = sweepSize; deleted === sweepSize;) {
      const { rowCount } = await pool.query(
        `delete from events where ctid = any(array(
           select ctid from events where occurred_at < now() - make_interval(days => $1, mins => $2)
           limit $3 for update skip locked))`,
        [retentionDays, marginMinutes, sweepSize],
      )
      deleted = rowCount ?? 0
    }
  },
})

interface RawRow {
  readonly tx: string
  readonly seq: string
  readonly id: string
  readonly kind: string
  readonly subject: string
  readonly data: string
  readonly occurredAt: Date
}

const toRow = <Data>({ tx, seq, data, ...event }: RawRow, origin: string): Row<Data> => {
  const position = { tx: BigInt(tx), seq: BigInt(seq), at: event.occurredAt.getTime() }
  return {
    event: {
      id: event.id,
      kind: event.kind,
      subject: event.subject,
      occurredAt: event.occurredAt,
      data: JSON.parse(data) as Data,
      resumeToken: encodeResumeToken(position, origin),
    },
    position,
    size: data.length,
  }
}
