import { randomUUIDv7 } from 'node:crypto'
import { cancellable, inTransaction, type Wait } from '@quartet/database'
import type { ClientBase, Pool } from 'pg'
import { inBatches } from './in-batches.ts'
import type { Draft, Said, StoredMessage } from './message.ts'

/** Messages that are stored in one transaction. */
const batchSize = 200

export type MessageRepository = ReturnType<typeof messageRepository>

/**
 * Messages in PostgreSQL, numbered in each room without a gap.
 * @param onSaid hears of each room in which something was said, once it is committed.
 */
export const messageRepository = (pool: Pool, onSaid: (roomId: string) => void) => ({
  /** Stores a message; when this resolves it is committed. In a room messages of one process keep their order. */
  say: inBatches<Draft, Said>(async (roomId, drafts) => {
    const said = await inTransaction(pool, (tx) => sayIn(tx, roomId, drafts))
    onSaid(roomId)
    return said
  }, batchSize),

  /**
   * The messages after a sequence, in its order: at most `limit`, fewer where their texts are longer than `maxBytes`
   * together. One comes in any case.
   * @param wait undefined where it is read for several.
   */
  async read(
    roomId: string,
    after: number | string,
    { limit, maxBytes }: { readonly limit: number; readonly maxBytes: number },
    wait?: Wait,
  ): Promise<{ messages: StoredMessage[]; more: boolean }> {
    // One more than asked for tells whether there are more.
    const query = {
      name: 'messages',
      text: `
        select ${columns}, found from (
          select *, count(*) over () as found, sum(octet_length(text)) over (order by sequence) as bytes
          from (select * from messages where room_id = $1 and sequence > $2 order by sequence limit $3 + 1) as next
        ) as page
        where bytes - octet_length(text) < $4 order by sequence limit $3`,
      values: [roomId, after, limit, maxBytes],
    }
    const run = (client: Pool | ClientBase) => client.query<Row & { found: string }>(query)
    const { rows } = wait ? await cancellable(pool, wait, run) : await run(pool)
    return { messages: rows.map(toStored), more: rows.length < Number(rows[0]?.found ?? 0) }
  },
})

/** Says something in a transaction: what else it does is stored with it, or not at all. */
export const sayIn = async (tx: ClientBase, roomId: string, drafts: readonly Draft[]): Promise<Said[]> => {
  // Until the commit nobody else says anything here: what is committed in a room is committed in its order, and what
  // was said before is seen.
  const { rowCount } = await tx.query({
    name: 'hold room',
    text: 'select from rooms where id = $1 for no key update',
    values: [roomId],
  })
  if (rowCount === 0) return drafts.map(() => ({ problem: 'ROOM_NOT_FOUND' }))

  const said = await saidBefore(tx, roomId, drafts)
  const fresh = new Map<Key, Draft>()
  for (const draft of drafts) {
    const key = keyOf(draft)
    if (!said.has(key) && !fresh.has(key)) fresh.set(key, draft)
  }
  for (const [key, message] of await insert(tx, roomId, fresh)) said.set(key, message)
  return drafts.map((draft) => {
    const message = said.get(keyOf(draft))!
    return message.text === draft.text ? { message } : { problem: 'REQUEST_ID_REUSED' }
  })
}

/** Tells what is sent again. A draft that nobody named is itself alone. */
type Key = string | Draft

const keyOf = (draft: Draft): Key =>
  draft.clientMessageId ? `${draft.senderId} ${draft.clientMessageId}` : draft

/** What its senders said before under the same ids, as long as these are theirs: 24 hours. */
const saidBefore = async (tx: ClientBase, roomId: string, drafts: readonly Draft[]) => {
  const named = drafts.filter(({ clientMessageId }) => clientMessageId)
  if (named.length === 0) return new Map<Key, StoredMessage>()
  const { rows } = await tx.query<Row>({
    name: 'said before',
    text: `
      select ${columns} from messages
      where room_id = $1 and client_message_id <> '' and created_at > now() - interval '24 hours'
        and (sender_id, client_message_id) in (select * from unnest($2::text[], $3::text[]))`,
    values: [
      roomId,
      named.map(({ senderId }) => senderId),
      named.map(({ clientMessageId }) => clientMessageId),
    ],
  })
  return new Map<Key, StoredMessage>(rows.map(toStored).map((message) => [keyOf(message), message]))
}

/** Numbers and stores what is new, in the order of the map. */
const insert = async (
  tx: ClientBase,
  roomId: string,
  fresh: ReadonlyMap<Key, Draft>,
): Promise<[Key, StoredMessage][]> => {
  if (fresh.size === 0) return []
  const drafts = [...fresh.values()]
  const ids = drafts.map(() => randomUUIDv7())
  const { rows } = await tx.query<Row>({
    name: 'say',
    text: `
      with room as (
        update rooms set last_sequence = last_sequence + cardinality($2::uuid[]) where id = $1
        returning last_sequence - cardinality($2::uuid[]) as before, clock_timestamp() as now)
      insert into messages (room_id, sequence, id, sender_id, text, client_message_id, created_at)
      select $1, before + place, draft.id, sender_id, text, client_message_id, now
      from room, unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) with ordinality
        as draft (id, sender_id, text, client_message_id, place)
      returning ${columns}`,
    values: [
      roomId,
      ids,
      drafts.map(({ senderId }) => senderId),
      drafts.map(({ text }) => text),
      drafts.map(({ clientMessageId }) => clientMessageId),
    ],
  })
  const stored = new Map(rows.map((row) => [row.id, toStored(row)]))
  return [...fresh.keys()].map((key, index) => [key, stored.get(ids[index]!)!])
}

/** The columns of a StoredMessage under its names. */
const columns = `id, room_id as "roomId", sequence, sender_id as "senderId", text,
  client_message_id as "clientMessageId", created_at as "createdAt"`

/** `pg` reads a bigint as a string. Sequences stay below 2^53. */
type Row = Omit<StoredMessage, 'sequence'> & { readonly sequence: string }

const toStored = ({
  id,
  roomId,
  sequence,
  senderId,
  text,
  clientMessageId,
  createdAt,
}: Row): StoredMessage => ({
  id,
  roomId,
  sequence: Number(sequence),
  senderId,
  text,
  clientMessageId,
  createdAt,
})
