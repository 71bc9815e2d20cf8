import { status } from '@grpc/grpc-js'
import { RpcError } from '@quartet/rpc'

/** Where in a feed somebody is: behind the event with this tx and seq, which need not be there any more. */
export interface Position {
  readonly tx: bigint
  readonly seq: bigint
  /** What lies behind it happened later than this, give or take a transaction. Milliseconds since 1970. */
  readonly at: number
}

/** What a token is held against. */
export interface Feed {
  /** Names the database and the feed: a token of another one means another place. */
  readonly origin: string
  /** The number that the next transaction gets. Of a greater one no event can be known. */
  readonly nextTx: bigint
  /** Milliseconds since 1970, by the clock of the database. */
  readonly now: number
}

/** Days that events are kept and tokens are good for. */
export const retentionDays = 7
const retentionMs = retentionDays * 24 * 60 * 60 * 1000
/** The largest bigint of PostgreSQL. */
const maxBigint = 2n ** 63n - 1n

export const encodeResumeToken = ({ tx, seq, at }: Position, origin: string): string =>
  Buffer.from(`${origin}.${tx}.${seq}.${at}`).toString('base64url')

/**
 * @throws RpcError OUT_OF_RANGE RESUME_TOKEN_EXPIRED for a token that is too old, of something else, none at all, or
 *   ahead of the database, which has then lost what it committed last: it was restored, or failed over too early.
 */
export const decodeResumeToken = (token: string, { origin, nextTx, now }: Feed): Position => {
  const [from, ...numbers] = Buffer.from(token, 'base64url').toString().split('.')
  if (from === origin && numbers.length === 3 && numbers.every((number) => /^\d{1,19}$/.test(number))) {
    const [tx, seq, at] = numbers.map(BigInt) as [bigint, bigint, bigint]
    const isKnown = tx < nextTx && seq <= maxBigint
    if (isKnown && Number(at) > now - retentionMs) return { tx, seq, at: Number(at) }
  }
  throw new RpcError(
    status.OUT_OF_RANGE,
    'RESUME_TOKEN_EXPIRED',
    {},
    { message: `a resume token of another stream, or older than ${retentionDays} days: start without one` },
  )
}
