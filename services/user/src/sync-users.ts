import { UserService, type SyncUsersRequest__Output, type SyncUsersResponse } from '@quartet/proto/user'
import { itemError, requestOf, RpcError, statusMessage, type Context } from '@quartet/rpc'
import { changesOf } from './user-change.ts'
import { succeeded } from './user-problems.ts'
import type { UserRepository } from './user-repository.ts'
import { fromCreateRequest, toUser, unprefixed, type StoredUser } from './user.ts'

type Update = NonNullable<SyncUsersRequest__Output['update']>

/**
 * SyncUsers: one update after the other, each stored before it is answered. What is wrong with one is its answer; what
 * keeps the service from going on ends the stream.
 */
export async function* syncUsers(
  requests: AsyncIterable<SyncUsersRequest__Output>,
  context: Context,
  users: UserRepository,
): AsyncGenerator<SyncUsersResponse> {
  for await (const { sequence, update } of requests) {
    const userId = update!.userId.toLowerCase()
    try {
      const made = userId ? change({ ...update!, userId }, context, users) : create(update!, context, users)
      yield { sequence, ...(await made) }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      const isConflict = error.reason === 'ETAG_MISMATCH'
      const user = isConflict ? await users.get(userId) : undefined
      yield {
        sequence,
        outcome: isConflict ? 'SYNC_OUTCOME_CONFLICT' : 'SYNC_OUTCOME_FAILED',
        ...(user && { user: toUser(user) }),
        status: statusMessage(error),
      }
    }
  }
}

const create = async (
  { user }: Update,
  { signal, deadline }: Context,
  users: UserRepository,
): Promise<SyncUsersResponse> => {
  const wrong = user && itemError(user)
  if (wrong) throw wrong
  const { name, email, age, role, plan, tags, metadata, address } = user ?? {}
  const fields = { name, email, age, role, plan, tags, metadata, address }
  const newUser = fromCreateRequest(requestOf(UserService, 'createUser', fields), null)
  const status = user ? unprefixed(user.status, 'USER_STATUS_') : undefined
  const withStatus = { ...newUser, ...(status && { status }) }
  const created = succeeded(await users.create(withStatus, undefined, { signal, deadline }))
  return { outcome: 'SYNC_OUTCOME_CREATED', user: toUser(created.user) }
}

const change = async (
  { userId, user, updateMask, etag }: Update,
  { caller, signal, deadline }: Context,
  users: UserRepository,
): Promise<SyncUsersResponse> => {
  const request = requestOf(UserService, 'updateUser', { userId, user, updateMask, etag })
  const decide = (stored: StoredUser) => changesOf(stored, request, caller)
  const updated = succeeded(await users.update(userId, decide, { signal, deadline }), userId)
  return {
    outcome: updated.changed ? 'SYNC_OUTCOME_UPDATED' : 'SYNC_OUTCOME_UNCHANGED',
    user: toUser(updated.user),
  }
}
