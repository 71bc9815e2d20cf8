import { status } from '@grpc/grpc-js'
import { isService } from '@quartet/auth'
import type { Attempt } from '@quartet/database'
import type { ChatService, CreateRoomRequest__Output } from '@quartet/proto/chat'
import { decodePageToken, encodePageToken, RpcError, type Caller, type Handlers } from '@quartet/rpc'
import { roomNotFound, type Enter } from './enter.ts'
import type { NewRoom, RoomRepository } from './room-repository.ts'
import { mayLetIn, mayShowOut, toRoom, visibilityOf, type StoredRoom } from './room.ts'

interface Dependencies {
  readonly rooms: RoomRepository
  readonly enter: Enter
  /** Tells those who read in a room that somebody was shown out of it. */
  readonly membersChanged: (roomId: string) => void
}

type RoomHandlers = Pick<
  Handlers<typeof ChatService>,
  'createRoom' | 'getRoom' | 'listRooms' | 'addRoomMembers' | 'removeRoomMember'
>

const defaultPageSize = 50

export const roomHandlers = ({ rooms, enter, membersChanged }: Dependencies): RoomHandlers => {
  const get = async (roomId: string): Promise<StoredRoom> => {
    const room = await rooms.get(roomId)
    if (!room) throw roomNotFound(roomId)
    return room
  }

  return {
    async createRoom(request, { caller, signal, deadline }) {
      const room = newRoom(request, caller)
      const opened = await rooms.open(room, attemptOf(request, caller), { signal, deadline })
      if (!('problem' in opened)) return { room: toRoom(opened.room) }
      const code = opened.problem === 'ROOM_FULL' ? status.FAILED_PRECONDITION : status.ALREADY_EXISTS
      throw new RpcError(code, opened.problem)
    },

    async getRoom(request, { caller }) {
      const roomId = request.roomId.toLowerCase() // as PostgreSQL writes a UUID
      await enter(roomId, caller)
      return { room: toRoom(await get(roomId)) }
    },

    async listRooms({ pageSize, pageToken }, { caller, signal, deadline }) {
      const after = decodePageToken(pageToken, {}, isUuid)
      const limit = pageSize || defaultPageSize
      const { rooms: page, more } = await rooms.list(idOf(caller), { after, limit }, { signal, deadline })
      return { rooms: page.map(toRoom), nextPageToken: more ? encodePageToken(page.at(-1)!.id, {}) : '' }
    },

    async addRoomMembers(request, { caller }) {
      const roomId = request.roomId.toLowerCase()
      const userIds = lowerCase(request.userIds)
      if (!mayLetIn(await enter(roomId, caller), caller, userIds)) throw notAMember(roomId)
      if (!(await rooms.addMembers(roomId, userIds)))
        throw new RpcError(status.FAILED_PRECONDITION, 'ROOM_FULL', { roomId })
      return { room: toRoom(await get(roomId)) }
    },

    async removeRoomMember(request, { caller }) {
      const roomId = request.roomId.toLowerCase()
      const userId = request.userId.toLowerCase()
      if (!mayShowOut(await enter(roomId, caller), caller, userId)) throw notAMember(roomId)
      if (await rooms.removeMember(roomId, userId)) membersChanged(roomId)
      return { room: toRoom(await get(roomId)) }
    },
  }
}

/** @throws RpcError PERMISSION_DENIED where somebody else than the order service names an order */
const newRoom = (request: CreateRoomRequest__Output, caller: Caller): NewRoom => {
  if (request.orderId && !isService(caller))
    throw new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED', { field: 'order_id' })
  return {
    title: request.title,
    visibility: visibilityOf(request.visibility),
    orderId: request.orderId.toLowerCase() || null,
    memberIds: lowerCase(isService(caller) ? request.memberIds : [idOf(caller), ...request.memberIds]),
  }
}

const attemptOf = (request: CreateRoomRequest__Output, caller: Caller): Attempt | undefined =>
  request.requestId
    ? {
        scope: `CreateRoom ${idOf(caller)}`,
        key: request.requestId,
        request,
      }
    : undefined

/** The contract lets nobody else in. */
const idOf = (caller: Caller) => (caller.kind === 'anonymous' ? '' : caller.id)

/** Ids as PostgreSQL writes them, none twice. */
const lowerCase = (ids: readonly string[]) => [...new Set(ids.map((id) => id.toLowerCase()))]

const notAMember = (roomId: string) => new RpcError(status.PERMISSION_DENIED, 'NOT_A_MEMBER', { roomId })

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
