import { randomUUIDv7 } from 'node:crypto'
import { gather, isUniqueViolation, once, type Attempt } from '@quartet/database'
import type { UserFilter__Output } from '@quartet/proto/user'
import type { Pool } from 'pg'
import type { Prisma, PrismaClient, User } from './generated/prisma/client.ts'
import { unprefixed, type NewUser, type StoredUser } from './user.ts'

/** What sign-in needs of a user and nobody else sees. */
export interface Credentials {
  readonly user: StoredUser
  readonly passwordHash: string | null
}

/** A user was created, or why not. */
export type Created =
  | { readonly user: StoredUser }
  | { readonly problem: 'EMAIL_TAKEN' | 'REQUEST_ID_REUSED' }

export type UserRepository = ReturnType<typeof userRepository>

/** Users in PostgreSQL. docs/decisions/prisma-and-pg.md says which query goes through what. */
export const userRepository = (prisma: PrismaClient, pool: Pool) => {
  const getMany = async (ids: string[]) => {
    const { rows } = await pool.query<StoredUser>({
      name: 'users by id',
      text: `select ${columns} from users where id = any($1::uuid[])`,
      values: [ids],
    })
    return new Map(rows.map((row) => [row.id, row]))
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
    async create(user: NewUser, attempt?: Attempt): Promise<Created> {
      try {
        const result = await prisma.$transaction((tx) =>
          once(tx, attempt, storedAsJson, async () =>
            toStored(await tx.user.create({ data: toRow(user), omit: { passwordHash: true } })),
          ),
        )
        return result.outcome === 'reused' ? { problem: 'REQUEST_ID_REUSED' } : { user: result.value }
      } catch (error) {
        if (isUniqueViolation(error, 'users_email_key')) return { problem: 'EMAIL_TAKEN' }
        throw error
      }
    },

    /** At most `limit` users after the id `after`, oldest first. */
    async list(
      filter: UserFilter__Output | null,
      after: string | undefined,
      limit: number,
    ): Promise<StoredUser[]> {
      const users = await prisma.user.findMany({
        where: { ...where(filter), ...(after && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: limit,
        omit: { passwordHash: true },
      })
      return users.map(toStored)
    },

    /** Gives a user a new password and a role; for the demo accounts. */
    async reset(id: string, change: Pick<User, 'passwordHash' | 'role'>): Promise<void> {
      await prisma.user.update({ where: { id }, data: { ...change, version: { increment: 1 } } })
    },
  }
}

/** The columns of a StoredUser under its names. */
const columns = `id, name, email, age, role, plan, status, tags, metadata, address, version,
  created_at as "createdAt", updated_at as "updatedAt"`

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
  decode(bytes: Uint8Array): StoredUser {
    const user = JSON.parse(Buffer.from(bytes).toString()) as StoredUser
    return { ...user, createdAt: new Date(user.createdAt), updatedAt: new Date(user.updatedAt) }
  },
}

const where = (filter: UserFilter__Output | null): Prisma.UserWhereInput => {
  if (!filter) return {}
  const { role, plan, status, tag } = filter
  // Prisma passes % and _ on to LIKE as they are.
  const search = filter.search.replaceAll(/[\\%_]/g, '\\$&')
  return {
    role: unprefixed(role, 'USER_ROLE_'),
    plan: unprefixed(plan, 'USER_PLAN_'),
    status: unprefixed(status, 'USER_STATUS_'),
    ...(tag && { tags: { has: tag } }),
    ...(search && {
      OR: [
        { name: { contains: search, mode: 'insensitive' } },
        { email: { contains: search, mode: 'insensitive' } },
      ],
    }),
  }
}
