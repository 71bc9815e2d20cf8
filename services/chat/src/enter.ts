import { status } from '@grpc/grpc-js'
import { RpcError, type Caller } from '@quartet/rpc'
import type { RoomRepository } from './room-repository.ts'
import { mayEnter, type Standing } from './room.ts'

/** Lets a caller into a room, or not: for whom it is not, it is as if it were not there. */
export type Enter = ReturnType<typeof entrance>

/** @param rooms where it is written who is in which room. */
export const entrance =
  (rooms: Pick<RoomRepository, 'standing'>) =>
  /** @throws RpcError NOT_FOUND ROOM_NOT_FOUND */
  async (roomId: string, caller: Caller): Promise<Standing> => {
    const standing = caller.kind === 'person' ? await rooms.standing(roomId, caller.id) : undefined
    if (!standing || !mayEnter(standing, caller)) throw roomNotFound(roomId)
    return standing
  }

export const roomNotFound = (roomId: string) => new RpcError(status.NOT_FOUND, 'ROOM_NOT_FOUND', { roomId })
