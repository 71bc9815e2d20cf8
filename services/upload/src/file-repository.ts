import { randomUUIDv7 } from 'node:crypto'
import { cancellable, type Wait } from '@quartet/database'
import type { Pool } from 'pg'
import type { Segment } from './content.ts'
import type { StoredFile } from './file.ts'

/** A file to be: its bytes are durable in the store, in one segment. */
export interface NewFile extends Omit<StoredFile, 'id' | 'createdAt'> {
  readonly key: string
}

export type FileRepository = ReturnType<typeof fileRepository>

/**
 * Files in PostgreSQL. Where `ownerId` is undefined, anybody's.
 *
 * A segment that belongs to nothing is somebody's who writes it for at most 50 minutes, and garbage after an hour: no one
 * can make a file of bytes that are being removed.
 */
export const fileRepository = (pool: Pool) => ({
  async get(id: string, ownerId: string | undefined): Promise<StoredFile | undefined> {
    const { rows } = await pool.query<StoredFile>({
      name: 'file by id',
      text: `select ${fileColumns} from files where id = $1 and ($2::uuid is null or owner_id = $2)`,
      values: [id, ownerId ?? null],
    })
    return rows[0]
  },

  /** At most `limit` files after the id `after`, oldest first. */
  async list(
    ownerId: string | undefined,
    { after = '00000000-0000-0000-0000-000000000000', limit }: { after?: string; limit: number },
    wait: Wait,
  ): Promise<StoredFile[]> {
    const query = {
      name: ownerId ? 'files of owner' : 'files',
      text: `select ${fileColumns} from files
             where ${ownerId ? 'owner_id = $3 and' : ''} id > $1 order by id limit $2`,
      values: [after, limit, ...(ownerId ? [ownerId] : [])],
    }
    const { rows } = await cancellable(pool, wait, (client) => client.query<StoredFile>(query))
    return rows
  },

  /** Where the bytes of a file lie. */
  async segments(id: string): Promise<Segment[]> {
    const { rows } = await pool.query<Segment>({
      name: 'segments of file',
      text: 'select key, start::float8 from segments where file_id = $1 order by number',
      values: [id],
    })
    return rows
  },

  /** A key to write to, remembered before there is a byte. */
  async newSegment(): Promise<string> {
    const key = randomUUIDv7()
    await pool.query({
      name: 'new segment',
      text: 'insert into segments (key) values ($1)',
      values: [key],
    })
    return key
  },

  /** Sees to it that no file is made of a segment any more. False: one is already, whatever its maker was told. */
  async giveUpSegment(key: string): Promise<boolean> {
    const { rowCount } = await pool.query({
      name: 'give up segment',
      text: `update segments set created_at = 'epoch' where key = $1 and upload_id is null and file_id is null`,
      values: [key],
    })
    return rowCount === 1
  },

  /**
   * Makes files of segments, all or none.
   * @throws Error when a segment is older than 50 minutes.
   */
  async create(files: readonly NewFile[]): Promise<StoredFile[]> {
    const rows = files.map((file) => ({ ...file, id: randomUUIDv7() }))
    const result = await pool.query<StoredFile>({
      name: 'create files',
      text: `
        with file as (
          select * from jsonb_to_recordset($1) as file
            (id uuid, "ownerId" uuid, name text, "contentType" text, size bigint, sha256 text, key uuid)
        ), ready as (
          select from segments join file using (key)
          where upload_id is null and file_id is null and segments.created_at > now() - interval '50 minutes'
          having count(*) = jsonb_array_length($1)
        ), moved as (
          update segments set file_id = file.id from file, ready where segments.key = file.key
        )
        insert into files (id, owner_id, name, content_type, size, sha256)
        select id, "ownerId", name, "contentType", size, sha256 from file, ready
        returning ${fileColumns}`,
      values: [JSON.stringify(rows)],
    })
    if (result.rowCount !== files.length) throw new Error('a segment is too old to become a file')
    const made = new Map(result.rows.map((file) => [file.id, file]))
    return rows.map(({ id }) => made.get(id)!)
  },

  /** Deletes a file, and returns the keys of its bytes, which nobody can find from then on. Undefined: there is none. */
  async remove(id: string, ownerId: string | undefined): Promise<string[] | undefined> {
    const { rows } = await pool.query<{ keys: string[] }>({
      name: 'delete file',
      text: `
        with gone as (delete from files where id = $1 and ($2::uuid is null or owner_id = $2) returning id)
        select array(select key from segments where file_id = gone.id) as keys from gone`,
      values: [id, ownerId ?? null],
    })
    return rows[0]?.keys
  },

  /** The keys of at most 1,000 segments that belong to nothing since an hour or more. */
  async garbage(): Promise<string[]> {
    const { rows } = await pool.query<{ key: string }>(`
      select key from segments
      where upload_id is null and file_id is null and created_at <= now() - interval '1 hour' limit 1000`)
    return rows.map(({ key }) => key)
  },

  /** Forgets a segment whose bytes are gone. */
  async forgetSegment(key: string): Promise<void> {
    await pool.query({
      name: 'forget segment',
      text: 'delete from segments where key = $1 and upload_id is null and file_id is null',
      values: [key],
    })
  },
})

/** The columns of a StoredFile under its names. As float8 a BIGINT is a number here, exact up to 2^53. */
export const fileColumns = `id, owner_id as "ownerId", name, content_type as "contentType", size::float8, sha256,
  created_at as "createdAt"`
