import { gather } from '@quartet/database'
import { createTail, type Tail } from '@quartet/events'
import type { Message } from '@quartet/proto/chat'
import { encodeOnce, turns } from '@quartet/rpc'
import type { MessageRepository } from './message-repository.ts'
import { toMessage, type StoredMessage } from './message.ts'
import type { RoomRepository } from './room-repository.ts'
import type { Topic } from './topic.ts'

/** A message as its readers get it: one object for all who follow live, encoded once for each kind of stream. */
export interface Entry {
  readonly sequence: number
  readonly response: { readonly message: Message }
  /** About how much memory it takes. */
  readonly size: number
}

interface LiveRoom {
  readonly tail: Tail<Entry, number>
  /** Of those who read new messages for all. */
  readonly wakes: Set<() => void>
  /** The last sequence that was read for them. */
  head: number
  followers: number
}

/** The latest messages of a room that are kept while somebody follows it: at most so many, of so many characters. */
const kept = { messages: 256, characters: 64 * 1024 }
/** Of one read; who catches up holds so much. */
const maxBytesOfRead = 128 * 1024
/** Reads at a time, of all rooms. */
const readsAtOnce = 4
/** Milliseconds after which the rooms that are followed are looked at though nobody told of a message. */
const pollMs = 2_000

export type LiveRooms = ReturnType<typeof liveRooms>

/**
 * Rooms as those see them who follow them, on any replica. A room's new messages are read once for all of its followers in
 * this process; who is behind reads from the table on its own (`createTail` of @quartet/events). Nothing is kept of a room
 * that nobody follows.
 */
export const liveRooms = ({
  rooms,
  messages,
  said,
  onError,
}: {
  readonly rooms: Pick<RoomRepository, 'lastSequences'>
  readonly messages: Pick<MessageRepository, 'read'>
  /** The ids of rooms in which something was said. */
  readonly said: Topic
  readonly onError: (error: unknown) => void
}) => {
  const live = new Map<string, LiveRoom>()
  const readInTurn = turns({ atOnce: readsAtOnce, maxWaiting: Infinity })
  const lastSequence = gather(rooms.lastSequences)

  const open = (roomId: string): LiveRoom => {
    const wakes = new Set<() => void>()
    const room: LiveRoom = {
      wakes,
      head: 0,
      followers: 0,
      tail: createTail<Entry, number>({
        end: async () => (await lastSequence(roomId)) ?? 0,
        async read(after, limit) {
          const page = await readInTurn(() =>
            messages.read(roomId, after, { limit, maxBytes: maxBytesOfRead }),
          )
          const entries = page.messages.map(toEntry)
          return { entries, more: page.more, position: entries.at(-1)?.sequence ?? after }
        },
        onRead: ({ position }) => (room.head = position),
        positionOf: ({ sequence }) => sequence,
        isBefore: (a, b) => a < b,
        listen(wake) {
          wakes.add(wake)
          return () => void wakes.delete(wake)
        },
        onError,
        maxEntries: kept.messages,
        sizeOf: ({ size }) => size,
        maxSize: kept.characters,
        pollMs: 60_000, // there is one poll for all rooms
      }),
    }
    live.set(roomId, room)
    return room
  }

  const wake = ({ wakes }: LiveRoom) => {
    for (const one of wakes) one()
  }
  const close = said.hear((roomId) => {
    const told = roomId === undefined ? [...live.values()] : [live.get(roomId)]
    for (const room of told) if (room) wake(room)
  })
  const poll = async () => {
    if (live.size === 0) return
    const last = await rooms.lastSequences([...live.keys()])
    for (const [roomId, room] of live) if ((last.get(roomId) ?? 0) > room.head) wake(room)
  }
  const polling = setInterval(() => void poll().catch(onError), pollMs)

  return {
    /** The sequence of the last message in a room; 0 where there is none. */
    lastSequence: async (roomId: string): Promise<number> => (await lastSequence(roomId)) ?? 0,

    /** Hands over what was said after a sequence, in order and once, and then what is said: `each` of a tail. */
    async each(roomId: string, ...follow: Parameters<LiveRoom['tail']['each']>): Promise<void> {
      const room = live.get(roomId) ?? open(roomId)
      room.followers++
      try {
        await room.tail.each(...follow)
      } finally {
        if (--room.followers === 0) live.delete(roomId)
      }
    },

    /** Wakes nobody any more. */
    close() {
      clearInterval(polling)
      close()
    },
  }
}

const toEntry = (stored: StoredMessage): Entry => {
  const message = toMessage(stored)
  Object.freeze(message)
  return { sequence: stored.sequence, response: encodeOnce({ message }), size: stored.text.length + 256 }
}
