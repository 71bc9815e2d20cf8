import { randomUUIDv7 } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  cancellable,
  cancellableTransaction,
  gather,
  isUniqueViolation,
  noLimit,
  once,
  type Attempt,
  type Wait,
} from '@quartet/database'
import type { UserFilter__Output } from '@quartet/proto/user'
import type { Pool, PoolClient } from 'pg'
import type { PrismaClient, User } from './generated/prisma/client.ts'
import type { Changes } from './user-change.ts'
import { userEvent, type UserFeed } from './user-feed.ts'
import { columns, selectUsers } from './user-query.ts'
import { revived, type NewUser, type StoredUser } from './user.ts'

/** What sign-in needs of a user and nobody else sees. */
export interface Credentials {
  readonly user: StoredUser
  readonly passwordHash: string | null
}

/** A user was created, or why not. */
export type Created =
  | { readonly user: StoredUser }
  | { readonly problem: 'EMAIL_TAKEN' | 'REQUEST_ID_REUSED' }

/** The user as it is now, and whether that is by this change; or why it was not made. */
export type Updated =
  | { readonly user: StoredUser; readonly changed: boolean }
  | { readonly problem: 'EMAIL_TAKEN' | 'USER_NOT_FOUND' }

export type UserRepository = ReturnType<typeof userRepository>

/** Users a page when all are read: few enough to hold three for each stream, many enough to be quick. */
const streamPageSize = 500

/**
 * Users in PostgreSQL; each change is told to the feed. docs/decisions/prisma-and-pg.md says which query goes through
 * what.
 */
export const userRepository = (prisma: PrismaClient, pool: Pool, feed: UserFeed) => {
  const getMany = async (ids: string[]) => {
    const { rows } = await pool.query<StoredUser>({
      name: 'users by id',
      text: `select ${columns} from users where id = any($1::uuid[])`,
      values: [ids],
    })
    return new Map(rows.map((row) => [row.id, row]))
  }

  /** Has `work` change a user, in one transaction and while nobody else does. */
  const withLocked = async <T>(
    id: string,
    wait: Wait,
    work: (tx: PoolClient, user: StoredUser) => Promise<T>,
  ): Promise<T | undefined> =>
    cancellable(pool, wait, async (tx) => {
      await tx.query('begin')
      await feed.lock(tx, id)
      const { rows } = await tx.query<StoredUser>({
        name: 'lock user',
        text: `select ${columns} from users where id = $1 for update`,
        values: [id],
      })
      if (!rows[0]) return undefined
      const result = await work(tx, rows[0])
      await tx.query('commit')
      return result
    })

  async function* everyPage(filter: UserFilter__Output | null, wait: Wait): AsyncGenerator<StoredUser[]> {
    const upTo = await cancellable(pool, wait, lastId)
    let after: string | undefined
    for (let more = upTo !== undefined; more;) {
      const page = await cancellable(pool, wait, (client) =>
        selectUsers(client, filter, { after, upTo, limit: streamPageSize }),
      )
      if (page.length) yield page
      more = page.length === streamPageSize
      after = page.at(-1)?.id
    }
  }

  return {
    /** A point read; many at once cost little more than one. */
    get: gather<StoredUser>(getMany),

    /** Whoever has this address, whatever its case. */
    async findByEmail(email: string): Promise<Credentials | undefined> {
      const { rows } = await pool.query<StoredUser & { passwordHash: string | null }>({
        name: 'user by email',
        text: `select ${columns}, password_hash as "passwordHash" from users where lower(email) = lower($1)`,
        values: [email],
      })
      if (!rows[0]) return undefined
      const { passwordHash, ...user } = rows[0]
      return { user, passwordHash }
    },

    /**
     * Creates a user.
     * @param attempt makes a repetition return the first result.
     */
    async create(user: NewUser, attempt?: Attempt, wait = noLimit): Promise<Created> {
      try {
        const result = await cancellableTransaction(prisma, pool, wait, (tx) =>
          once(tx, attempt, storedAsJson, async () => {
            const created = toStored(
              await tx.user.create({ data: toRow(user), omit: { passwordHash: true } }),
            )
            await feed.append(tx, userEvent('created', created))
            return created
          }),
        )
        if (result.outcome === 'reused') return { problem: 'REQUEST_ID_REUSED' }
        if (result.outcome === 'done') feed.committed()
        return { user: result.value }
      } catch (error) {
        if (isUniqueViolation(error, 'users_email_key')) return { problem: 'EMAIL_TAKEN' }
        throw error
      }
    },

    /**
     * Changes a user.
     * @param decide what to change of the user as it is; nothing changes where that is nothing, or where it throws.
     */
    async update(
      id: string,
      decide: (user: StoredUser) => Changes & { readonly passwordHash?: string },
      wait: Wait,
    ): Promise<Updated> {
      try {
        const updated = await withLocked(id, wait, async (tx, before) => {
          const changes = decide(before)
          if (Object.keys(changes).length === 0) return { user: before, changed: false }
          const user = await store(tx, { ...before, ...changes })
          if (user.status === 'SUSPENDED' && before.status !== 'SUSPENDED') await revokeSessions(tx, id)
          await feed.append(tx, userEvent('updated', user, before.role))
          return { user, changed: true }
        })
        if (updated?.changed) feed.committed()
        return updated ?? { problem: 'USER_NOT_FOUND' }
      } catch (error) {
        if (isUniqueViolation(error, 'users_email_key')) return { problem: 'EMAIL_TAKEN' }
        throw error
      }
    },

    /**
     * Deletes a user, and with it all sessions.
     * @param check throws where the user as it is must stay.
     * @returns whether there was one.
     */
    async delete(id: string, check: (user: StoredUser) => void, wait: Wait): Promise<boolean> {
      const deleted = await withLocked(id, wait, async (tx, user) => {
        check(user)
        await tx.query('delete from users where id = $1', [id])
        await feed.append(tx, userEvent('deleted', user))
        return true
      })
      if (deleted) feed.committed()
      return deleted ?? false
    },

    /** At most `limit` users after the id `after`, oldest first. */
    list: (
      filter: UserFilter__Output | null,
      { after, limit }: { after?: string; limit: number },
      wait: Wait,
    ): Promise<StoredUser[]> =>
      cancellable(pool, wait, (client) => selectUsers(client, filter, { after, limit })),

    /**
     * All users that there are now, oldest first, in pages. Two are read ahead, so that the database works on the one after
     * the next while the next one is sent; a connection is held only while a page is read.
     */
    stream: (filter: UserFilter__Output | null, wait: Wait): AsyncIterable<StoredUser[]> =>
      Readable.from(everyPage(filter, wait), { highWaterMark: 2 }),
  }
}

const lastId = async (client: PoolClient) => {
  const { rows } = await client.query<{ id: string }>('select id from users order by id desc limit 1')
  return rows[0]?.id
}

/** Stores a user who is locked, with a new version. */
const store = async (
  tx: PoolClient,
  user: StoredUser & { readonly passwordHash?: string },
): Promise<StoredUser> => {
  const { rows } = await tx.query<StoredUser>({
    name: 'store user',
    text: `
      update users set name = $2, email = $3, age = $4, role = $5, plan = $6, status = $7, tags = $8, metadata = $9,
        address = $10, password_hash = coalesce($11, password_hash), version = version + 1, updated_at = now()
      where id = $1 returning ${columns}`,
    values: [
      user.id,
      user.name,
      user.email,
      user.age,
      user.role,
      user.plan,
      user.status,
      user.tags,
      user.metadata,
      user.address,
      user.passwordHash,
    ],
  })
  return rows[0]!
}

const revokeSessions = (tx: PoolClient, userId: string) =>
  tx.query('update sessions set revoked_at = now() where user_id = $1 and revoked_at is null', [userId])

/** Prisma's row as the service's type: the JSON columns hold what this service wrote, nothing else. */
const toStored = (row: Omit<User, 'passwordHash'>): StoredUser => ({
  ...row,
  metadata: row.metadata as StoredUser['metadata'],
  address: row.address as StoredUser['address'],
})

const toRow = ({ tags, address, ...user }: NewUser) => ({
  ...user,
  id: randomUUIDv7(),
  tags: [...tags],
  address: address ?? undefined,
})

const storedAsJson = {
  encode: (user: StoredUser) => Buffer.from(JSON.stringify(user)),
  decode: (bytes: Uint8Array) => revived(JSON.parse(Buffer.from(bytes).toString()) as StoredUser),
}
