import { status } from '@grpc/grpc-js'
import { RpcError, type Caller } from '@quartet/rpc'
import type { Enter } from './enter.ts'
import type { Topic } from './topic.ts'

/** Milliseconds after which it is looked at again who may still be in, though nobody told of a change. */
const rounds = 30_000

interface Guest {
  readonly caller: Caller
  readonly onOut: (error: RpcError) => void
}

export type Doorkeeper = ReturnType<typeof createDoorkeeper>

/** Sees to it that streams end for those who may not be in a room any more: at once, or within half a minute. */
export const createDoorkeeper = ({
  enter,
  changed,
}: {
  readonly enter: Enter
  /** The ids of rooms whose members have changed. */
  readonly changed: Topic
}) => {
  const rooms = new Map<string, Set<Guest>>()

  const check = async (roomId: string, guest: Guest) => {
    try {
      await enter(roomId, guest.caller)
    } catch (error) {
      // Who cannot be asked about now is asked about the next time.
      if (error instanceof RpcError && error.code === status.NOT_FOUND) guest.onOut(error)
    }
  }
  const checkRoom = (roomId: string) => {
    for (const guest of rooms.get(roomId) ?? []) void check(roomId, guest)
  }
  const checkAll = () => {
    for (const roomId of rooms.keys()) checkRoom(roomId)
  }
  const close = changed.hear((roomId) => (roomId === undefined ? checkAll() : checkRoom(roomId)))
  const timer = setInterval(checkAll, rounds)

  return {
    /** Calls `onOut` when this caller, who is in, may not be any more. Returns what ends the watching. */
    watch(roomId: string, caller: Caller, onOut: (error: RpcError) => void): () => void {
      const guest = { caller, onOut }
      let guests = rooms.get(roomId)
      if (!guests) rooms.set(roomId, (guests = new Set()))
      const inRoom = guests.add(guest)
      return () => {
        inRoom.delete(guest)
        if (inRoom.size === 0) rooms.delete(roomId)
      }
    },

    close() {
      clearInterval(timer)
      close()
    },
  }
}
