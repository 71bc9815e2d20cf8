import type { Presence } from '@quartet/proto/chat'
import { encodeOnce } from '@quartet/rpc'
import type { Topic } from './topic.ts'

/** What somebody does in a room, as its readers get it: one object for all of them. */
export type PresenceResponse = { readonly presence: Presence }
type State = 'ONLINE' | 'TYPING' | 'OFFLINE'
type Hear = (presence: PresenceResponse, userId: string) => void

/** Who listens in a room, and how many streams of each user are in it. */
interface Present {
  readonly hearers: Set<Hear>
  readonly streams: Map<string, number>
}

export type PresenceBoard = ReturnType<typeof presenceBoard>

/**
 * Who is in which room right now. Nothing of it is stored, and it goes to the other replicas on the chance that they hear
 * it: when one is killed, nobody tells that its users went. Who comes is told what happens from then on.
 */
export const presenceBoard = (topic: Topic) => {
  const rooms = new Map<string, Present>()

  const tell = (roomId: string, userId: string, state: State) => topic.tell(`${roomId} ${userId} ${state}`)

  const close = topic.hear((payload) => {
    if (payload === undefined) return
    const [roomId, userId, state] = payload.split(' ') as [string, string, State]
    const room = rooms.get(roomId)
    if (!room) return
    const response = encodeOnce({ presence: { roomId, userId, state: `PRESENCE_STATE_${state}` } as const })
    for (const hear of room.hearers) hear(response, userId)
    // Gone from another replica, but not from here.
    if (state === 'OFFLINE' && room.streams.has(userId)) tell(roomId, userId, 'ONLINE')
  })

  return {
    /** A stream of a user enters a room and hears what happens there; returns how it leaves. */
    enter(roomId: string, userId: string, hear: Hear): () => void {
      let room = rooms.get(roomId)
      if (!room) rooms.set(roomId, (room = { hearers: new Set(), streams: new Map() }))
      const { hearers, streams } = room
      hearers.add(hear)
      streams.set(userId, (streams.get(userId) ?? 0) + 1)
      if (streams.get(userId) === 1) tell(roomId, userId, 'ONLINE')
      return () => {
        hearers.delete(hear)
        const left = streams.get(userId)! - 1
        if (left) return void streams.set(userId, left)
        streams.delete(userId)
        tell(roomId, userId, 'OFFLINE')
        if (streams.size === 0) rooms.delete(roomId)
      }
    },

    typing: (roomId: string, userId: string): void => tell(roomId, userId, 'TYPING'),

    close,
  }
}
