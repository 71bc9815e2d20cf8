import { randomUUIDv7 } from 'node:crypto'
import { execute, sql, type Transaction } from './statement.ts'

/** Something that happened, as it is written down. */
export interface NewEvent<Data> {
  /** What: "created". */
  readonly kind: string
  /** The id (a UUID) of what it happened to. */
  readonly subject: string
  /** As JSON. All that its followers will need: they see it after the row has changed again, or is gone. */
  readonly data: Data
}

/** Writes events down in the transaction of the change that they tell of, in the order given. */
export const append = async (tx: Transaction, events: readonly NewEvent<unknown>[]): Promise<void> => {
  if (events.length === 0) return
  const rows = JSON.stringify(events.map((event) => ({ id: randomUUIDv7(), ...event })))
  await execute(
    tx,
    sql`insert into events (id, kind, subject, data)
        select (value->>'id')::uuid, value->>'kind', (value->>'subject')::uuid, value->'data'
        from jsonb_array_elements(${rows}::text::jsonb) with ordinality as event (value, place) order by place`,
  )
}

/**
 * Lets transactions that change the same thing follow one another: waits until those before have ended. To be called
 * before the transaction writes anything, since that is when PostgreSQL gives it its number.
 */
export const lock = async (tx: Transaction, subject: string): Promise<void> => {
  await execute(tx, sql`select pg_advisory_xact_lock(hashtextextended('events ' || ${subject}::text, 0))`)
}
