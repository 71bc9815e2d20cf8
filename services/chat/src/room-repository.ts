import { randomUUIDv7 } from 'node:crypto'
import {
  cancellable,
  cancellableTransaction,
  gather,
  isCheckViolation,
  once,
  type Attempt,
  type Wait,
} from '@quartet/database'
import type { Pool } from 'pg'
import type { Prisma, PrismaClient } from './generated/prisma/client.ts'
import type { Standing, StoredRoom } from './room.ts'

/** What is stored of a new room besides id, sequence and time. No member twice. */
export type NewRoom = Pick<StoredRoom, 'title' | 'visibility' | 'memberIds' | 'orderId'>

/** A room was opened, or why not. */
export type Opened = { readonly room: StoredRoom } | { readonly problem: 'REQUEST_ID_REUSED' | 'ROOM_FULL' }

/** A page ends before its rooms have more members than this together: their ids are two megabytes. */
const maxMembersOfPage = 50_000

export type RoomRepository = ReturnType<typeof roomRepository>

/** Rooms and who is in them, in PostgreSQL. docs/decisions/prisma-and-pg.md says which query goes through what. */
export const roomRepository = (prisma: PrismaClient, pool: Pool) => {
  const standings = gather<Standing>(async (keys) => {
    const { rows } = await pool.query<Standing & { key: string }>({
      name: 'standings',
      text: `
        select key, visibility, order_id as "orderId", exists (
          select from room_members where room_id = rooms.id and user_id = split_part(key, ' ', 2)::uuid
        ) as "isMember"
        from unnest($1::text[]) as key join rooms on rooms.id = split_part(key, ' ', 1)::uuid`,
      values: [keys],
    })
    return new Map(rows.map((row) => [row.key, row]))
  })

  return {
    /**
     * Opens a room. An order has one: where that is open, it is what comes back, with these members in it as well.
     * @param attempt makes a repetition return the first result.
     */
    async open(room: NewRoom, attempt: Attempt | undefined, wait: Wait): Promise<Opened> {
      try {
        const result = await cancellableTransaction(prisma, pool, wait, (tx) =>
          once(tx, attempt, storedAsJson, () => openIn(tx, room)),
        )
        return result.outcome === 'reused' ? { problem: 'REQUEST_ID_REUSED' } : { room: result.value }
      } catch (error) {
        if (isCheckViolation(error, notOverfull)) return { problem: 'ROOM_FULL' }
        throw error
      }
    },

    async get(id: string): Promise<StoredRoom | undefined> {
      const row = await prisma.room.findUnique({ where: { id }, include })
      return row ? toStored(row) : undefined
    },

    /** How a user stands to a room, undefined where there is none. A point read; many at once cost little more than one. */
    standing: (roomId: string, userId: string): Promise<Standing | undefined> =>
      standings(`${roomId} ${userId}`),

    /** Of each of these rooms that is there, the sequence of the last message. */
    async lastSequences(ids: readonly string[]): Promise<Map<string, number>> {
      const { rows } = await pool.query<{ id: string; lastSequence: string }>({
        name: 'last sequences',
        text: 'select id, last_sequence as "lastSequence" from rooms where id = any($1::uuid[])',
        values: [ids],
      })
      return new Map(rows.map(({ id, lastSequence }) => [id, Number(lastSequence)]))
    },

    /**
     * The rooms that a user is in and the open ones after the id `after`, oldest first: at most `limit`, fewer where they
     * have very many members.
     */
    list: (
      userId: string,
      { after = nil, limit }: { after?: string; limit: number },
      wait: Wait,
    ): Promise<{ rooms: StoredRoom[]; more: boolean }> =>
      cancellable(pool, wait, async (client) => {
        // One more than asked for tells whether there is a next page.
        const { rows: found } = await client.query<{ id: string; members: number }>({
          name: 'rooms of a page',
          text: `
            select id, (sum(member_count) over (order by id))::float8 as members
            from rooms where id in (
              (select id from rooms where visibility = 'OPEN' and id > $2 order by id limit $3)
              union
              (select room_id from room_members where user_id = $1 and room_id > $2 order by room_id limit $3))
            order by id limit $3`,
          values: [userId, after, limit + 1],
        })
        const ids = found
          .slice(0, limit)
          .filter(({ members }, index) => index === 0 || members <= maxMembersOfPage)
          .map(({ id }) => id)
        const { rows } = await client.query<StoredRoom & { lastSequence: string }>({
          name: 'rooms by id',
          text: `
            select id, title, visibility, order_id as "orderId", last_sequence as "lastSequence",
              created_at as "createdAt", array(
                select user_id from room_members where room_id = rooms.id order by added_at, user_id
              )::text[] as "memberIds"
            from rooms where id = any($1::uuid[]) order by id`,
          values: [ids],
        })
        const rooms = rows.map((row) => ({ ...row, lastSequence: Number(row.lastSequence) }))
        return { rooms, more: ids.length < found.length }
      }),

    /** Lets users into a room that exists; who is in already stays in. Says whether they all fit; if not, none is in. */
    async addMembers(roomId: string, userIds: readonly string[]): Promise<boolean> {
      try {
        // In the order of their ids, so that two who add the same do not wait for each other.
        await pool.query({
          name: 'add members',
          text: `
            with added as (
              insert into room_members (room_id, user_id)
              select $1, user_id from unnest($2::uuid[]) as user_id order by user_id
              on conflict do nothing returning 1)
            update rooms set member_count = member_count + (select count(*) from added) where id = $1`,
          values: [roomId, userIds],
        })
        return true
      } catch (error) {
        if (isCheckViolation(error, notOverfull)) return false
        throw error
      }
    },

    /** Shows a user out of a room. Says whether there was something to do. */
    async removeMember(roomId: string, userId: string): Promise<boolean> {
      const { rowCount } = await pool.query({
        name: 'remove member',
        text: `
          with removed as (delete from room_members where room_id = $1 and user_id = $2 returning 1)
          update rooms set member_count = member_count - 1 where id = $1 and exists (select from removed)`,
        values: [roomId, userId],
      })
      return rowCount === 1
    },
  }
}

const openIn = async (tx: Prisma.TransactionClient, room: NewRoom): Promise<StoredRoom> => {
  const { title, visibility, orderId, memberIds } = room
  const fresh = { id: randomUUIDv7(), title, visibility, orderId, memberCount: 0 }
  await tx.room.createMany({ data: fresh, skipDuplicates: true })
  const { id } = orderId ? await tx.room.findUniqueOrThrow({ where: { orderId } }) : fresh
  const added = await tx.$executeRaw`
    insert into room_members (room_id, user_id)
    select ${id}::uuid, user_id from unnest(${memberIds}::uuid[]) as user_id order by user_id
    on conflict do nothing`
  const data = { memberCount: { increment: added } }
  return toStored(await tx.room.update({ where: { id }, data, include }))
}

const notOverfull = 'rooms_not_overfull'
const nil = '00000000-0000-0000-0000-000000000000'

const include = {
  members: { select: { userId: true }, orderBy: [{ addedAt: 'asc' }, { userId: 'asc' }] },
} satisfies Prisma.RoomInclude

type Row = Prisma.RoomGetPayload<{ include: typeof include }>

const toStored = ({ id, title, visibility, orderId, createdAt, ...row }: Row): StoredRoom => ({
  id,
  title,
  visibility,
  memberIds: row.members.map(({ userId }) => userId),
  orderId,
  lastSequence: Number(row.lastSequence),
  createdAt,
})

const storedAsJson = {
  encode: (room: StoredRoom) => Buffer.from(JSON.stringify(room)),
  decode(bytes: Uint8Array): StoredRoom {
    const room = JSON.parse(Buffer.from(bytes).toString()) as StoredRoom
    return { ...room, createdAt: new Date(room.createdAt) }
  },
}
