import { hasRole, isService, isUser } from '@quartet/auth'
import type { Attempt } from '@quartet/database'
import type { CreateUserRequest__Output, UserService } from '@quartet/proto/user'
import { decodePageToken, encodePageToken, pagesOf, type Caller, type Handlers } from '@quartet/rpc'
import { hashPassword } from './password.ts'
import { assertEtag, changesOf } from './user-change.ts'
import { succeeded, userNotFound } from './user-problems.ts'
import type { UserRepository } from './user-repository.ts'
import { fromCreateRequest, toUser, type StoredUser } from './user.ts'

const defaultPageSize = 50

export const userHandlers = ({ users }: { users: UserRepository }) =>
  ({
    async createUser(request, { caller, signal, deadline }) {
      const passwordHash = request.password ? await hashPassword(request.password, signal) : null
      const user = fromCreateRequest(request, passwordHash)
      const created = await users.create(user, attemptOf(request, caller), { signal, deadline })
      return { user: toUser(succeeded(created).user) }
    },

    async getUser(request, { caller }) {
      const userId = request.userId.toLowerCase() // as PostgreSQL writes a UUID
      const mayRead = isUser(caller, userId) || hasRole(caller, 'EDITOR') || isService(caller)
      const user = mayRead ? await users.get(userId) : undefined
      if (!user) throw userNotFound(userId)
      return { user: toUser(user) }
    },

    async updateUser(request, { caller, signal, deadline }) {
      const userId = request.userId.toLowerCase()
      if (!isUser(caller, userId) && !hasRole(caller, 'ADMIN')) throw userNotFound(userId)
      const decide = (user: StoredUser) => changesOf(user, request, caller)
      const updated = await users.update(userId, decide, { signal, deadline })
      return { user: toUser(succeeded(updated, userId).user) }
    },

    async deleteUser({ userId, etag }, { signal, deadline }) {
      const deleted = await users.delete(userId, (user) => assertEtag(user, etag), { signal, deadline })
      if (!deleted) throw userNotFound(userId)
      return {}
    },

    async listUsers({ pageSize, pageToken, filter }, { signal, deadline }) {
      const after = decodePageToken(pageToken, { filter }, isUuid)
      const limit = pageSize || defaultPageSize
      // One more than asked for tells whether there is a next page.
      const found = await users.list(filter, { after, limit: limit + 1 }, { signal, deadline })
      const [page = []] = pagesOf(found.map(toUser), limit)
      return {
        users: page,
        nextPageToken:
          found.length > page.length ? encodePageToken(found[page.length - 1]!.id, { filter }) : '',
      }
    },
  }) satisfies Partial<Handlers<typeof UserService>>

/** The password is left out: a fast hash of it, which this becomes, would undo the slow one beside it. */
const attemptOf = (request: CreateUserRequest__Output, caller: Caller): Attempt | undefined =>
  request.requestId
    ? {
        scope: `CreateUser ${caller.kind === 'anonymous' ? '' : caller.id}`,
        key: request.requestId,
        request: { ...request, password: undefined },
      }
    : undefined

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
