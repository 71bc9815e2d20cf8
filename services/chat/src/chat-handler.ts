import { status } from '@grpc/grpc-js'
import { isConnectionFailure } from '@quartet/database'
import type { ChatRequest__Output, ChatResponse, ChatService } from '@quartet/proto/chat'
import { encodeOnce, itemError, RpcError, statusMessage, type Context, type Handlers } from '@quartet/rpc'
import { joinedRooms } from './joined-rooms.ts'
import { outbox, type Outbox } from './outbox.ts'
import type { PresenceBoard } from './presence.ts'
import type { Say } from './say.ts'
import type { Visitor } from './visit.ts'

interface Dependencies {
  readonly visit: Visitor
  readonly say: Say
  readonly presence: PresenceBoard
}

/** Messages of one stream that are being stored; its next request waits for one of them. */
const maxUnanswered = 64
const heartbeatMs = 20_000
const heartbeat: ChatResponse = encodeOnce({ heartbeat: {} })

/**
 * One stream over which somebody talks in any number of rooms. Half-closed, it answers what was asked, sends what had been
 * said by then, and ends.
 */
export const chatHandler =
  (dependencies: Dependencies): Handlers<typeof ChatService>['chat'] =>
  (requests, context) =>
    outbox<ChatResponse>(context.signal, (out, signal) => talk(dependencies, requests, context, out, signal))

const talk = async (
  { visit, say, presence }: Dependencies,
  requests: AsyncIterable<ChatRequest__Output>,
  { caller, logger }: Context,
  out: Outbox<ChatResponse>,
  signal: AbortSignal,
) => {
  const rooms = joinedRooms({ visit, presence, caller, out, signal })
  const heartbeats = setInterval(() => out.offer(heartbeat), heartbeatMs)
  signal.addEventListener('abort', () => clearInterval(heartbeats))

  const answer = async ({ payload, join, send, typing, leave }: ChatRequest__Output): Promise<void> => {
    const request = join ?? send ?? typing ?? leave
    if (!request) return out.offer(heartbeat)
    const invalid = itemError(request)
    if (invalid) throw invalid
    const roomId = request.roomId.toLowerCase() // as PostgreSQL writes a UUID
    if (payload === 'join') return rooms.join(roomId, join!.afterSequence)
    if (payload === 'typing') return rooms.typing(roomId)
    if (payload === 'leave') return rooms.leave(roomId)
    const room = rooms.joined(roomId)
    const { clientMessageId } = send!
    const { id, sequence } = await say(roomId, caller, send!)
    room.last = Math.max(room.last, sequence)
    await out.put({ delivered: { clientMessageId, messageId: id, sequence } })
  }

  /** What goes wrong with one request is said in the stream, and the stream goes on. */
  const answerOrError = (request: ChatRequest__Output): Promise<void> =>
    answer(request).catch(async (thrown: unknown) => {
      if (signal.aborted) return
      const error = isConnectionFailure(thrown) ? unavailable(thrown) : thrown
      if (!(error instanceof RpcError)) logger.error({ err: error }, 'a request of a chat failed')
      const clientMessageId = request.send?.clientMessageId
      await out.put({ error: { clientMessageId, status: statusMessage(error) } })
    })

  const unanswered = new Set<Promise<void>>()
  for await (const request of requests) {
    const answered = answerOrError(request)
    if (request.payload !== 'send') {
      await answered
      continue
    }
    // Messages are stored in the order in which they come, so the next need not wait for it.
    unanswered.add(answered)
    void answered.then(() => unanswered.delete(answered))
    if (unanswered.size >= maxUnanswered) await Promise.race(unanswered)
  }
  await Promise.all(unanswered)
  await rooms.caughtUp()
}

const unavailable = (cause: unknown) =>
  new RpcError(status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE', {}, { cause })
