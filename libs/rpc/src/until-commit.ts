import { status } from '@grpc/grpc-js'
import { RpcError } from './errors.ts'

/** A message of a stream that commits: one of several payloads, of which `commit` is the last. */
interface Committing {
  readonly payload?: string
}

/**
 * Passes the requests of a stream on up to its commit, which comes last and only once the peer has sent nothing behind
 * it. A connection that is cut can look like a stream that ended; a commit that never came cannot look like one that
 * did. What the loop over this has gathered is to be kept when the loop is over, not before.
 *
 * @throws RpcError FAILED_PRECONDITION COMMIT_MISSING, INVALID_ARGUMENT MESSAGE_AFTER_COMMIT
 */
export async function* untilCommit<Request extends Committing>(
  requests: AsyncIterable<Request>,
): AsyncGenerator<Request> {
  let commit: Request | undefined
  for await (const request of requests) {
    if (commit) throw new RpcError(status.INVALID_ARGUMENT, 'MESSAGE_AFTER_COMMIT')
    if (request.payload === 'commit') commit = request
    else yield request
  }
  if (!commit) throw new RpcError(status.FAILED_PRECONDITION, 'COMMIT_MISSING')
  yield commit
}

/** A message of a stream whose commit counts what came before it. */
interface Counting extends Committing {
  readonly commit?: { readonly count: number } | null
}

/**
 * The items of a stream that ends with `commit { count }`, each as the field `item` of its request has it. A stream that
 * begins otherwise has that read first: `const { value } = await requests[Symbol.asyncIterator]().next()`.
 *
 * @throws RpcError as {@link untilCommit}, FAILED_PRECONDITION COMMIT_MISMATCH when it counts other than what came,
 *   INVALID_ARGUMENT MESSAGE_UNEXPECTED for a payload that is neither.
 */
export async function* itemsUntilCommit<Request extends Counting, Item extends keyof Request>(
  requests: AsyncIterable<Request>,
  item: Item,
): AsyncGenerator<NonNullable<Request[Item]>> {
  let count = 0
  for await (const request of untilCommit(requests)) {
    const value = request[item]
    if (value) {
      count++
      yield value
    } else if (!request.commit) {
      throw new RpcError(status.INVALID_ARGUMENT, 'MESSAGE_UNEXPECTED', { payload: request.payload ?? '' })
    } else if (request.commit.count !== count) {
      throw new RpcError(status.FAILED_PRECONDITION, 'COMMIT_MISMATCH', {
        counted: String(request.commit.count),
        received: String(count),
      })
    }
  }
}
