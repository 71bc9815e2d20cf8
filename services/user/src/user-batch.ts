import { randomUUIDv7 } from 'node:crypto'
import { cancellable, type Wait } from '@quartet/database'
import type { Pool, PoolClient } from 'pg'
import type { UserFeed } from './user-feed.ts'
import { columns } from './user-query.ts'
import type { NewUser, StoredUser } from './user.ts'

/** What became of a batch. */
export interface Committed {
  readonly createdCount: number
  /** The first of them, in the order of the batch. */
  readonly created: readonly StoredUser[]
  readonly takenCount: number
  /** The first of those whose address was somebody's already, or that of one before them in the batch. */
  readonly taken: readonly { readonly place: number; readonly email: string }[]
}

/** A user of a batch, and which of the batch it is. */
export interface Draft {
  readonly place: number
  readonly user: NewUser
}

export type UserBatches = ReturnType<typeof userBatches>

/** Drafts of a batch that nobody works on any more are as old as this: a stream ends after ten minutes. */
const abandoned = '1 hour'

/**
 * Batches of users, in the table `user_drafts` while they come in and in `users` all at once. A transaction that stayed open
 * for as long as its client sends would hold back every feed of the database server.
 */
export const userBatches = (pool: Pool, feed: UserFeed) => ({
  /** Begins a batch; returns its id. */
  async begin(): Promise<string> {
    await pool.query(`delete from user_drafts where created_at < now() - $1::interval`, [abandoned])
    return randomUUIDv7()
  },

  /** Puts users aside, for `commit`. */
  async add(batchId: string, drafts: readonly Draft[]): Promise<void> {
    const rows = drafts.map(({ place, user: { passwordHash, ...user } }) => ({
      ...user,
      place,
      password_hash: passwordHash,
      id: randomUUIDv7(),
      event_id: randomUUIDv7(),
    }))
    await pool.query({
      name: 'add drafts',
      text: `
        insert into user_drafts (batch_id, place, id, event_id, name, email, age, role, plan, tags, metadata, address,
          password_hash)
        select $1, place, id, event_id, name, email, age, role, plan, tags, metadata, address, password_hash
        from jsonb_to_recordset($2::text::jsonb) as draft (place int, id uuid, event_id uuid, name text, email text,
          age int, role user_role, plan user_plan, tags text[], metadata jsonb, address jsonb, password_hash text)`,
      values: [batchId, JSON.stringify(rows)],
    })
  },

  /**
   * Makes users of the drafts of a batch, in one transaction; an address that is taken leaves out its own user only.
   *
   * @param count how many there must be.
   * @param limit the most users and failures that are returned.
   * @returns undefined where there are not as many: the database has lost them in a crash, and nothing was made.
   */
  async commit(
    batchId: string,
    { count, limit }: { count: number; limit: number },
    wait: Wait,
  ): Promise<Committed | undefined> {
    const committed = await cancellable(pool, wait, async (tx) => {
      await tx.query('begin')
      const { rows } = await tx.query<{ found: number; created: number }>(create, [batchId])
      const { found, created } = rows[0]!
      if (found !== count) return undefined
      const outcome = {
        createdCount: created,
        created: await read<StoredUser>(tx, firstCreated, batchId, limit),
        takenCount: found - created,
        taken: await read<{ place: number; email: string }>(tx, firstTaken, batchId, limit),
      }
      await tx.query('commit')
      return outcome
    })
    if (committed?.createdCount) feed.committed()
    return committed
  },

  /** Forgets the drafts of a batch, whatever became of it. */
  async end(batchId: string): Promise<void> {
    await pool.query('delete from user_drafts where batch_id = $1', [batchId])
  },
})

/**
 * Addresses go in by their order, so that two batches that have some in common wait for each other in one place only. Of
 * two that are the same the first of the batch counts. The events are those that the feed takes from userEvent().
 */
const create = `
  with draft as materialized (select * from user_drafts where batch_id = $1),
  first as (select distinct on (lower(email)) * from draft order by lower(email), place),
  made as (
    insert into users (id, name, email, age, role, plan, tags, metadata, address, password_hash)
    select id, name, email, age, role, plan, tags, metadata, address, password_hash from first order by lower(email)
    on conflict (lower(email)) do nothing
    returning ${columns}),
  told as (
    insert into events (id, kind, subject, data)
    select event_id, 'created', made.id, jsonb_build_object('user', to_jsonb(made), 'previousRole', null)
    from made join draft using (id) order by place)
  select (select count(*)::int from draft) as found, (select count(*)::int from made) as created`

const firstCreated = `
  select ${columns}
  from users join (select id, place from user_drafts where batch_id = $1) as draft using (id) order by place limit $2`

const firstTaken = `
  select place, email from user_drafts
  where batch_id = $1 and not exists (select from users where users.id = user_drafts.id) order by place limit $2`

const read = async <Row extends object>(tx: PoolClient, text: string, batchId: string, limit: number) =>
  (await tx.query<Row>(text, [batchId, limit])).rows
