import { status } from '@grpc/grpc-js'
import type {
  BatchCreateUsersRequest__Output,
  BatchCreateUsersResponse,
  CreateUserRequest__Output,
} from '@quartet/proto/user'
import { itemError, itemsUntilCommit, RpcError, statusMessage, type Context } from '@quartet/rpc'
import { hashPassword } from './password.ts'
import type { Draft, UserBatches } from './user-batch.ts'
import { fromCreateRequest, toUser } from './user.ts'

/** The most users of a batch, and characters of them as JSON: their transaction, which holds all feeds back, is short. */
const most = { users: 5_000, length: 8 * 1024 * 1024 }
/** Users that are put aside at a time. */
const chunkSize = 200
/** The most users, and failures, in the answer. */
const limit = 1_000
/** The most characters of each, so that the answer is not larger than a client takes. */
const maxLength = 1024 * 1024
/** Characters of an address that is sent back; that of a user who was refused may be of any length. */
const maxEmailLength = 254

/**
 * BatchCreateUsers: puts users aside as they come, and makes them all at once when the commit has come. What is held here
 * is a chunk, and of the failures as many as are answered.
 */
export const batchCreateUsers = async (
  requests: AsyncIterable<BatchCreateUsersRequest__Output>,
  { signal, deadline, logger }: Context,
  batches: UserBatches,
): Promise<BatchCreateUsersResponse> => {
  const refused: { index: number; email: string; error: RpcError }[] = []
  let refusedCount = 0
  let index = 0
  let length = 0
  let chunk: Draft[] = []
  const batchId = await batches.begin()
  const putAside = async () => {
    if (chunk.length) await batches.add(batchId, chunk)
    chunk = []
  }
  try {
    for await (const request of itemsUntilCommit(requests, 'user')) {
      const error = itemError(request)
      if (!error) {
        const user = await toNewUser(request, signal)
        length += JSON.stringify(user).length
        if (index - refusedCount >= most.users || length > most.length) throw tooLarge
        chunk.push({ place: index, user })
        if (chunk.length === chunkSize) await putAside()
      } else if (refusedCount++ < limit) {
        refused.push({ index, email: request.email, error })
      }
      index++
    }
    await putAside()
    const wanted = { count: index - refusedCount, limit }
    const committed = await batches.commit(batchId, wanted, { signal, deadline })
    if (!committed) throw new RpcError(status.UNAVAILABLE, 'BATCH_LOST')
    const taken = committed.taken.map(({ place, email }) => ({ index: place, email, error: emailTaken }))
    const failures = [...refused, ...taken].sort((a, b) => a.index - b.index).slice(0, limit)
    return {
      createdCount: committed.createdCount,
      createdUsers: upToLength(committed.created.map(toUser)),
      failedCount: refusedCount + committed.takenCount,
      failures: upToLength(
        failures.map(({ index, email, error }) => ({
          index,
          email: email.slice(0, maxEmailLength).toWellFormed(),
          status: statusMessage(error),
        })),
      ),
    }
  } finally {
    await batches.end(batchId).catch((err: unknown) => logger.warn({ err }, 'cannot clear up behind a batch'))
  }
}

/** One password after the other: people who sign in meanwhile have the other thread. */
const toNewUser = async (request: CreateUserRequest__Output, signal: AbortSignal) =>
  fromCreateRequest(request, request.password ? await hashPassword(request.password, signal) : null)

const tooLarge = new RpcError(status.RESOURCE_EXHAUSTED, 'BATCH_TOO_LARGE', { maxUsers: `${most.users}` })
const emailTaken = new RpcError(status.ALREADY_EXISTS, 'EMAIL_TAKEN')

const upToLength = <Item extends object>(items: readonly Item[]): Item[] => {
  let length = 0
  return items.filter((item) => (length += JSON.stringify(item).length) <= maxLength)
}
