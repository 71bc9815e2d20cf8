import { ChatService } from '@quartet/proto/chat'
import { examplesOf } from '@quartet/testing'

const roomId = '{createRoom.room.id}'
const somebody = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
const interval = { seconds: 1 }

/** One request of each RPC that this service answers: for the tests of access and validation, and for the docs. */
export const examples = [
  examplesOf(ChatService, {
    // Who may not join is told so in the stream.
    chat: {
      request: [
        { join: { roomId, afterSequence: 0 } },
        { send: { roomId, clientMessageId: '{unique}', text: 'Does it work?' } },
        { typing: { roomId } },
        { leave: { roomId } },
        { heartbeat: {} },
      ],
    },
    createRoom: { request: { title: 'Engine', memberIds: [somebody], requestId: '{unique}' } },
    getRoom: { request: { roomId }, owned: {} },
    listRooms: { request: { pageSize: 2 } },
    addRoomMembers: { request: { roomId, userIds: [somebody] }, owned: {} },
    removeRoomMember: { request: { roomId, userId: somebody }, owned: {} },
    listMessages: { request: { roomId, afterSequence: 0, pageSize: 10 }, owned: {} },
    sendMessage: { request: { roomId, clientMessageId: '{unique}', text: 'It does' }, owned: {} },
    subscribe: { request: { roomId, afterSequence: 0 }, owned: {} },
    monitor: { request: [{ serviceId: 'user', metrics: ['METRIC_CPU'], interval }] },
    watchMetrics: { request: { serviceId: 'chat', metrics: ['METRIC_MEMORY'], interval } },
  }),
]
