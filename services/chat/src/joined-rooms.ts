import { status } from '@grpc/grpc-js'
import type { ChatResponse } from '@quartet/proto/chat'
import { RpcError, statusMessage, type Caller } from '@quartet/rpc'
import type { Outbox } from './outbox.ts'
import type { PresenceBoard } from './presence.ts'
import type { Visitor } from './visit.ts'

/** Rooms that one stream may be in at a time. */
const maxRooms = 50
/** Milliseconds in which it is told once that somebody is typing. */
const typingMs = 1_000
/** The stream has heartbeats of its own. */
const never = 2 ** 31 - 1

interface Joined {
  readonly leave: AbortController
  /** The sequence of the last message that was put into the stream. */
  sequence: number
  /** The last one that is known to be there. */
  last: number
  typedAt: number
}

/** The rooms that one stream is in, and what comes from them. */
export const joinedRooms = ({
  visit,
  presence,
  caller,
  out,
  signal,
}: {
  readonly visit: Visitor
  readonly presence: PresenceBoard
  readonly caller: Caller
  readonly out: Outbox<ChatResponse>
  /** Leaves all of them. */
  readonly signal: AbortSignal
}) => {
  const rooms = new Map<string, Joined>()
  let onMove = () => {}

  const remove = (roomId: string, room: Joined) => {
    if (rooms.get(roomId) === room) rooms.delete(roomId)
    onMove()
  }

  /** The caller may not be in the room any more, or reading it failed, which is the end of the stream. */
  const onBroken = (roomId: string, room: Joined, error: unknown) => {
    remove(roomId, room)
    if (!(error instanceof RpcError) || error.code !== status.NOT_FOUND) return out.fail(error)
    void out.put({ error: { status: statusMessage(error) } })
  }

  const joined = (roomId: string): Joined => {
    const room = rooms.get(roomId)
    if (!room) throw new RpcError(status.FAILED_PRECONDITION, 'ROOM_NOT_JOINED', { roomId })
    return room
  }

  const leave = (roomId: string) => {
    const room = rooms.get(roomId)
    room?.leave.abort()
    if (room) remove(roomId, room)
  }

  return {
    joined,
    leave,

    /**
     * Enters a room; one that the stream is in already it enters anew. Resolves when it is in.
     * @throws RpcError NOT_FOUND ROOM_NOT_FOUND, RESOURCE_EXHAUSTED TOO_MANY_ROOMS; the reason of the signal
     */
    async join(roomId: string, afterSequence: string | undefined): Promise<void> {
      signal.throwIfAborted()
      leave(roomId)
      if (rooms.size >= maxRooms)
        throw new RpcError(status.RESOURCE_EXHAUSTED, 'TOO_MANY_ROOMS', { most: `${maxRooms}` })
      const room: Joined = { leave: new AbortController(), sequence: 0, last: 0, typedAt: -typingMs }
      const leaveAll = () => room.leave.abort()
      signal.addEventListener('abort', leaveAll)
      const entered = Promise.withResolvers<void>()
      const visiting = visit({
        roomId,
        caller,
        afterSequence,
        signal: room.leave.signal,
        heartbeatMs: never,
        onEntered({ lastSequence, after }) {
          rooms.set(roomId, room)
          room.last = lastSequence
          room.sequence = after
          const full = out.put({ joined: { roomId, lastSequence } })
          entered.resolve()
          return full
        },
        onMessage({ sequence, response }) {
          const full = out.put(response)
          room.sequence = sequence
          onMove()
          return full
        },
        onPresence: out.offer,
      })
      const onEnd = () => signal.removeEventListener('abort', leaveAll)
      visiting.finally(onEnd).then(entered.resolve, (error: unknown) => {
        if (rooms.get(roomId) === room) onBroken(roomId, room, error)
        else entered.reject(error)
      })
      await entered.promise
    },

    /** Shows the others that the caller is typing. */
    typing(roomId: string): void {
      const room = joined(roomId)
      const now = performance.now()
      if (caller.kind !== 'person' || now - room.typedAt < typingMs) return
      room.typedAt = now
      presence.typing(roomId, caller.id)
    },

    /** Resolves when every message that is known to be there has been put into the stream. */
    caughtUp: (): Promise<void> =>
      new Promise((resolve) => {
        onMove = () => {
          if ([...rooms.values()].every(({ sequence, last }) => sequence >= last)) resolve()
        }
        onMove()
      }),
  }
}
