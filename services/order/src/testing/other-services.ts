import { status } from '@grpc/grpc-js'
import { UserService, type UserStatus } from '@quartet/proto/user'
import { implement, RpcError, type Caller } from '@quartet/rpc'
import { testServer, type TestIdentity } from '@quartet/testing'

const idOf = (caller: Caller) => (caller.kind === 'anonymous' ? '' : caller.id)

/** A user service as far as orders ask for it: over a real socket, with the access that the contract gives. */
export const userService = async ({ verify }: TestIdentity) => {
  const users = new Map<string, UserStatus>()
  const asked: { userId: string; by: string }[] = []
  const implementation = implement(UserService, {
    async getUser({ userId }, { caller }) {
      asked.push({ userId, by: idOf(caller) })
      const userStatus = users.get(userId)
      if (!userStatus) throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND', { userId })
      return { user: { id: userId, status: userStatus } }
    },
  })
  return { ...(await testServer([implementation], verify)), users, asked }
}
