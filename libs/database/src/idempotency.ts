import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

/** One try to make something, as its caller names it. */
export interface Attempt {
  /** Whose keys these are: the method and the caller, so that nobody meets the key or the result of another. */
  readonly scope: string
  /** What the caller sends again when it tries again: the request_id. */
  readonly key: string
  /** The whole request: the same key with another one is a mistake of the caller. */
  readonly request: object
}

/** How a result is kept for the next try. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/**
 * - `done`: this try did the work.
 * - `repeated`: a former one did, and this is its result.
 * - `reused`: the key came before with another request; nothing was done.
 */
export type Outcome<T> = { outcome: 'done' | 'repeated'; value: T } | { outcome: 'reused' }

/** What this needs of the client that Prisma hands to an interactive transaction. */
export interface RawTransaction {
  $queryRaw<Rows>(query: TemplateStringsArray, ...values: unknown[]): PromiseLike<Rows>
  $executeRaw(query: TemplateStringsArray, ...values: unknown[]): PromiseLike<number>
}

interface Kept {
  request_hash: Uint8Array
  response: Uint8Array
}

/**
 * Does the work of a create once for each key: a try that comes again within 24 hours gets the first result. The key is
 * kept in the transaction of the work, so that both are stored or neither. Tries at the same time wait for the first
 * (its transaction must be READ COMMITTED, as is the default), and one of them takes over should it fail.
 *
 * The table is `IdempotencyKey` of the service's schema.prisma.
 *
 * @param attempt undefined where the caller sent no key: every try does the work.
 */
export const once = async <T>(
  tx: RawTransaction,
  attempt: Attempt | undefined,
  codec: Codec<T>,
  work: () => Promise<T>,
): Promise<Outcome<T>> => {
  if (!attempt) return { outcome: 'done', value: await work() }
  const { scope, key } = attempt
  const hash = hashOf(attempt.request)

  // Waits while another transaction holds the key. Takes it when it is new or out of date.
  const taken = await tx.$executeRaw`
    insert into idempotency_keys as kept (scope, key, request_hash, response, expires_at)
    values (${scope}, ${key}, ${hash}, ''::bytea, now() + interval '24 hours')
    on conflict (scope, key) do update
      set request_hash = excluded.request_hash, response = excluded.response, expires_at = excluded.expires_at
      where kept.expires_at <= now()`
  if (taken) {
    const value = await work()
    const response = codec.encode(value)
    await tx.$executeRaw`update idempotency_keys set response = ${response} where scope = ${scope} and key = ${key}`
    return { outcome: 'done', value }
  }
  const [kept] = await tx.$queryRaw<Kept[]>`
    select request_hash, response from idempotency_keys where scope = ${scope} and key = ${key}`
  return kept ? repeat(kept, attempt, codec) : { outcome: 'reused' }
}

/**
 * The result of a former try, where there was one: for a create that looks around before its transaction, and must not
 * do that for a repetition, whose first try has found all in order.
 */
export const recall = async <T>(
  pool: Pool,
  attempt: Attempt | undefined,
  codec: Codec<T>,
): Promise<Outcome<T> | undefined> => {
  if (!attempt) return undefined
  const { rows } = await pool.query<Kept>({
    name: 'kept result',
    text: 'select request_hash, response from idempotency_keys where scope = $1 and key = $2 and expires_at > now()',
    values: [attempt.scope, attempt.key],
  })
  return rows[0] && repeat(rows[0], attempt, codec)
}

const repeat = <T>(kept: Kept, { request }: Attempt, codec: Codec<T>): Outcome<T> =>
  hashOf(request).equals(kept.request_hash)
    ? { outcome: 'repeated', value: codec.decode(kept.response) }
    : { outcome: 'reused' }

/** Of a request as JSON. The keys of a map come in any order, each time another one, and mean the same. */
const hashOf = (request: object) => createHash('sha256').update(JSON.stringify(request, inOrder)).digest()

const inOrder = (_key: string, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** Deletes keys that are out of date, at most 1,000 at a time so that none of it takes long. Returns how many. */
export const sweepIdempotencyKeys = async (pool: Pool): Promise<number> => {
  const { rowCount } = await pool.query(
    `delete from idempotency_keys where ctid = any(array(
       select ctid from idempotency_keys where expires_at <= now() limit 1000 for update skip locked))`,
  )
  return rowCount ?? 0
}
