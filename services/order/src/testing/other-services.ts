import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { hasRole } from '@quartet/auth'
import { ChatService, type ChatResponse, type CreateRoomRequest__Output } from '@quartet/proto/chat'
import { UserService, type UserStatus } from '@quartet/proto/user'
import { implement, RpcError, statusMessage, type Caller } from '@quartet/rpc'
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

/** What ends a chat when it is said. */
const ends: Record<string, RpcError> = {
  'end of token': new RpcError(status.UNAUTHENTICATED, 'TOKEN_EXPIRED'),
  'end of service': new RpcError(status.UNAVAILABLE, 'SHUTTING_DOWN'),
}

/** A chat service that answers as the real one does, and forgets what was said. */
export const chatService = async ({ verify }: TestIdentity) => {
  const rooms = new Map<string, CreateRoomRequest__Output & { by: string }>()
  const answer = async function* (roomId: string, caller: Caller, say: () => ChatResponse[]) {
    const room = rooms.get(roomId)
    const mayEnter = room?.memberIds.includes(idOf(caller)) || (room?.orderId && hasRole(caller, 'EDITOR'))
    const missing = new RpcError(status.NOT_FOUND, 'ROOM_NOT_FOUND', { roomId })
    yield* mayEnter ? say() : [{ error: { status: statusMessage(missing) } }]
  }
  const implementation = implement(ChatService, {
    async createRoom(request, { caller }) {
      const [known] = [...rooms].find(([, { orderId }]) => orderId === request.orderId) ?? []
      const id = known ?? randomUUID()
      rooms.set(id, { ...request, by: idOf(caller) })
      return { room: { id, ...request } }
    },
    async *chat(requests, { caller }) {
      for await (const { join, send } of requests) {
        if (join)
          yield* answer(join.roomId, caller, () => [{ joined: { roomId: join.roomId, lastSequence: 7 } }])
        else if (send && send.text in ends) throw ends[send.text]
        else if (send) {
          const { roomId, clientMessageId, text } = send
          const message = { roomId, sequence: 8, senderId: idOf(caller), text, clientMessageId }
          yield* answer(roomId, caller, () => [{ delivered: { clientMessageId, sequence: 8 } }, { message }])
        } else yield { heartbeat: {} }
      }
    },
  })
  return { ...(await testServer([implementation], verify)), rooms }
}
