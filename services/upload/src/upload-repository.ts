import { randomUUIDv7 } from 'node:crypto'
import { cancellableTransaction, once, type Attempt, type Wait } from '@quartet/database'
import type { Pool } from 'pg'
import type { Segment } from './content.ts'
import { fileColumns } from './file-repository.ts'
import type { StoredFile } from './file.ts'
import type { PrismaClient, Upload } from './generated/prisma/client.ts'
import type { NewUpload, StoredUpload, TakenUpload } from './upload.ts'

const lifetimeMs = 24 * 60 * 60 * 1000

export type UploadRepository = ReturnType<typeof uploadRepository>

/**
 * Uploads in PostgreSQL.
 *
 * Who writes takes the upload; the latest taker has it, on whichever replica, and the ones before are refused by `record`
 * and `complete`. The bytes need no lock: who takes an upload that nobody let go of gets a segment of its own, and what a
 * former writer still writes lies behind what is recorded of its segment, where nobody reads.
 */
export const uploadRepository = (prisma: PrismaClient, pool: Pool) => {
  const get = async (id: string, ownerId: string): Promise<StoredUpload | undefined> => {
    const { rows } = await pool.query<StoredUpload>({
      name: 'upload by id',
      text: `select ${columns} from uploads where id = $1 and owner_id = $2`,
      values: [id, ownerId],
    })
    return rows[0]
  }

  return {
    /** An upload of this owner. One whose time is over is EXPIRED, swept or not. */
    get,

    /**
     * Opens an upload, for 24 hours. Undefined: the same key came with another request.
     * @param attempt makes a repetition return the first result.
     */
    async create(
      upload: NewUpload,
      attempt: Attempt | undefined,
      wait: Wait,
    ): Promise<StoredUpload | undefined> {
      const data = { ...upload, id: randomUUIDv7(), expiresAt: new Date(Date.now() + lifetimeMs) }
      const result = await cancellableTransaction(prisma, pool, wait, (tx) =>
        once(tx, attempt, storedAsJson, async () => toStored(await tx.upload.create({ data }))),
      )
      return result.outcome === 'reused' ? undefined : result.value
    },

    /**
     * Makes the caller the one who may write. Undefined: there is no such upload of this owner, or it is not open.
     * An upload that was let go of goes on in its segment, any other in a new one.
     */
    async take(id: string, ownerId: string): Promise<TakenUpload | undefined> {
      const { rows } = await pool.query<TakenUpload>({
        name: 'take upload',
        text: `
          with taken as (
            update uploads set
              writer = $3,
              segment = case when writer is null then coalesce(segment, $3) else $3 end,
              segment_start = case when writer is null and segment is not null then segment_start else received_size end
            where id = $1 and owner_id = $2 and state = 'OPEN' and expires_at > now()
            returning *
          ), made as (
            insert into segments (key, upload_id, start) select segment, id, segment_start from taken where segment = $3
          )
          select ${columns}, writer, segment, segment_start::float8 as "segmentStart" from taken`,
        values: [id, ownerId, randomUUIDv7()],
      })
      return rows[0]
    },

    /**
     * Acknowledges that so many bytes are durable; with `letGo`, that their writer writes no more.
     * False, and nothing done: somebody else has taken the upload, or its time is over.
     */
    async record({ id, writer }: TakenUpload, receivedSize: number, letGo: boolean): Promise<boolean> {
      const { rowCount } = await pool.query({
        name: 'record upload',
        text: `update uploads set received_size = $3, writer = case when $4 then null else writer end
               where id = $1 and writer = $2`,
        values: [id, writer, receivedSize, letGo],
      })
      return rowCount === 1
    },

    /** Makes a file of all that is durable. Undefined, and nothing done: as with `record`. */
    async complete(
      { id, writer }: TakenUpload,
      { size, sha256 }: Pick<StoredFile, 'size' | 'sha256'>,
    ): Promise<StoredFile | undefined> {
      const { rows } = await pool.query<StoredFile>({
        name: 'complete upload',
        text: `
          with done as (
            update uploads set state = 'COMPLETE', file_id = $3, received_size = $4, writer = null
            where id = $1 and writer = $2 returning *
          ), file as (
            insert into files (id, owner_id, name, content_type, size, sha256)
            select file_id, owner_id, name, content_type, received_size, $5 from done returning *
          ), moved as (
            update segments set upload_id = null, file_id = done.file_id from done where upload_id = done.id
          )
          select ${fileColumns} from file`,
        values: [id, writer, randomUUIDv7(), size, sha256],
      })
      return rows[0]
    },

    /** Where the bytes of an upload lie. */
    async segments(id: string): Promise<Segment[]> {
      const { rows } = await pool.query<Segment>({
        name: 'segments of upload',
        text: 'select key, start::float8 from segments where upload_id = $1 order by number',
        values: [id],
      })
      return rows
    },

    /**
     * Gives up uploads whose time is over, which frees their segments, and forgets them a week later; at most 1,000 each
     * time, so that none of it takes long.
     */
    async expire(): Promise<void> {
      await pool.query(`
        with expired as (
          update uploads set state = 'EXPIRED', received_size = 0, writer = null where id = any(array(
            select id from uploads where state = 'OPEN' and expires_at <= now() limit 1000 for update skip locked))
          returning id
        )
        update segments set upload_id = null from expired where upload_id = expired.id`)
      await pool.query(`
        delete from uploads where id = any(array(
          select id from uploads where expires_at <= now() - interval '7 days' and state <> 'OPEN'
          limit 1000 for update skip locked))`)
    },
  }
}

/** The columns of a StoredUpload under its names. As float8 a BIGINT is a number here, exact up to 2^53. */
const columns = `id, owner_id as "ownerId", name, content_type as "contentType", size::float8, sha256,
  received_size::float8 as "receivedSize", file_id as "fileId", expires_at as "expiresAt",
  case when state = 'OPEN' and expires_at <= now() then 'EXPIRED' else state end as state`

const toStored = (row: Upload): StoredUpload => ({
  id: row.id,
  ownerId: row.ownerId,
  name: row.name,
  contentType: row.contentType,
  size: row.size === null ? null : Number(row.size),
  sha256: row.sha256,
  receivedSize: Number(row.receivedSize),
  state: row.state,
  fileId: row.fileId,
  expiresAt: row.expiresAt,
})

const storedAsJson = {
  encode: (upload: StoredUpload) => Buffer.from(JSON.stringify(upload)),
  decode(bytes: Uint8Array): StoredUpload {
    const upload = JSON.parse(Buffer.from(bytes).toString()) as StoredUpload
    return { ...upload, expiresAt: new Date(upload.expiresAt) }
  },
}
