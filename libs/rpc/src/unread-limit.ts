import { totalmem } from 'node:os'
import { resourceExhausted, type RpcError } from './errors.ts'

/** A call as the limit sees it. */
interface Holder {
  /** Bytes that have arrived and wait to be read. */
  readonly unread: number
  /** Calls of one connection are one peer's. */
  readonly connection: object | undefined
  fail(error: RpcError): void
}

/** What all calls of a server together keep in memory of requests that nobody has read yet. */
export interface UnreadLimit {
  /** So many bytes more have arrived, or, below zero, have been read. */
  add(bytes: number): void
}

/**
 * Bounds what is sent to a server and not read. Each stream has a window of 8 MiB, which Node counts for the stream
 * alone: a connection has a thousand of them. Past `most` bytes the call that holds the most ends with
 * RESOURCE_EXHAUSTED, on the connection that holds the most: who sends little is not the one to pay.
 *
 * @param open the calls that count; one that ends takes what it held with it.
 */
export const unreadLimit = (most: number, open: ReadonlySet<Holder>): UnreadLimit => {
  let total = 0
  return {
    add(bytes) {
      total += bytes
      if (bytes > 0 && total > most) heaviest(open)?.fail(resourceExhausted('TOO_MUCH_UNREAD', 1_000))
    },
  }
}

const MiB = 1024 * 1024

/** What a server sets by itself: a quarter of the memory it may use, within 8 (the window of one stream) and 256 MiB. */
export const defaultUnreadBytes = (memory = availableMemory()): number =>
  Math.min(Math.max(memory / 4, 8 * MiB), 256 * MiB)

/** Bytes: the limit of the container, or what the machine has. */
const availableMemory = () => Math.min(process.constrainedMemory() || Infinity, totalmem())

const heaviest = (calls: ReadonlySet<Holder>): Holder | undefined => {
  const connections = new Map<object | undefined, { total: number; first: Holder }>()
  for (const call of calls) {
    const known = connections.get(call.connection) ?? { total: 0, first: call }
    connections.set(call.connection, {
      total: known.total + call.unread,
      first: call.unread > known.first.unread ? call : known.first,
    })
  }
  return [...connections.values()].reduce((a, b) => (b.total > a.total ? b : a), { total: -1 } as never)
    ?.first
}
