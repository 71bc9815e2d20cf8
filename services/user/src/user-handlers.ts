import { status } from '@grpc/grpc-js'
import { hasRole, isService, isUser } from '@quartet/auth'
import type { Attempt } from '@quartet/database'
import type { CreateUserRequest__Output, UserService } from '@quartet/proto/user'
import { decodePageToken, encodePageToken, RpcError, type Caller, type Handlers } from '@quartet/rpc'
import { hashPassword } from './password.ts'
import type { UserRepository } from './user-repository.ts'
import { fromCreateRequest, toUser } from './user.ts'

const defaultPageSize = 50

export const userHandlers = ({
  users,
}: {
  users: UserRepository
}): Partial<Handlers<typeof UserService>> => ({
  async createUser(request, { caller, signal }) {
    const passwordHash = request.password ? await hashPassword(request.password, signal) : null
    const result = await users.create(fromCreateRequest(request, passwordHash), attemptOf(request, caller))
    if ('problem' in result) throw new RpcError(status.ALREADY_EXISTS, result.problem)
    return { user: toUser(result.user) }
  },

  async getUser(request, { caller }) {
    const userId = request.userId.toLowerCase() // as PostgreSQL writes a UUID
    const mayRead = isUser(caller, userId) || hasRole(caller, 'EDITOR') || isService(caller)
    const user = mayRead ? await users.get(userId) : undefined
    if (!user) throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND', { userId })
    return { user: toUser(user) }
  },

  async listUsers({ pageSize, pageToken, filter }) {
    const after = decodePageToken(pageToken, { filter }, isUuid)
    const limit = pageSize || defaultPageSize
    // One more than asked for tells whether there is a next page.
    const found = await users.list(filter, after, limit + 1)
    const page = found.slice(0, limit)
    return {
      users: page.map(toUser),
      nextPageToken: found.length > limit ? encodePageToken(page.at(-1)!.id, { filter }) : '',
    }
  },
})

/** The password is left out: a fast hash of it, which this becomes, would undo the slow one beside it. */
const attemptOf = (request: CreateUserRequest__Output, caller: Caller): Attempt | undefined =>
  request.requestId
    ? {
        scope: `CreateUser ${caller.kind === 'anonymous' ? '' : caller.id}`,
        key: request.requestId,
        request: Buffer.from(JSON.stringify({ ...request, password: undefined })),
      }
    : undefined

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
