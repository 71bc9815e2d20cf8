import type { ChatService, SubscribeResponse } from '@quartet/proto/chat'
import { encodeOnce, type Handlers } from '@quartet/rpc'
import type { Enter } from './enter.ts'
import type { MessageRepository } from './message-repository.ts'
import { toMessage } from './message.ts'
import { outbox } from './outbox.ts'
import type { RoomRepository } from './room-repository.ts'
import type { Say } from './say.ts'
import type { Visitor } from './visit.ts'

interface Dependencies {
  readonly rooms: RoomRepository
  readonly messages: MessageRepository
  readonly enter: Enter
  readonly say: Say
  readonly visit: Visitor
}

type MessageHandlers = Pick<Handlers<typeof ChatService>, 'listMessages' | 'sendMessage' | 'subscribe'>

const defaultPageSize = 50
/** Of the texts in a page. A client takes messages of up to 4 MiB. */
const maxBytesOfPage = 3 * 1024 * 1024
const heartbeatMs = 20_000
const heartbeat: SubscribeResponse = encodeOnce({ heartbeat: {} })

export const messageHandlers = ({ rooms, messages, enter, say, visit }: Dependencies): MessageHandlers => ({
  async sendMessage(request, { caller }) {
    const roomId = request.roomId.toLowerCase() // as PostgreSQL writes a UUID
    await enter(roomId, caller)
    return { message: toMessage(await say(roomId, caller, request)) }
  },

  async listMessages({ afterSequence, pageSize, ...request }, { caller, signal, deadline }) {
    const roomId = request.roomId.toLowerCase()
    await enter(roomId, caller)
    const most = { limit: pageSize || defaultPageSize, maxBytes: maxBytesOfPage }
    const page = await messages.read(roomId, afterSequence, most, { signal, deadline })
    // Read last: it is never behind the page.
    const lastSequences = await rooms.lastSequences([roomId])
    return { messages: page.messages.map(toMessage), lastSequence: lastSequences.get(roomId) ?? 0 }
  },

  subscribe: ({ roomId, afterSequence }, { caller, signal }) =>
    outbox<SubscribeResponse>(signal, (out, signal) =>
      visit({
        roomId: roomId.toLowerCase(),
        caller,
        afterSequence,
        signal,
        heartbeatMs,
        onMessage: ({ response }) => out.put(response),
        onPresence: out.offer,
        onHeartbeat: () => out.put(heartbeat),
      }),
    ),
})
