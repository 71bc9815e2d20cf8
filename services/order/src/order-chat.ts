import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { status } from '@grpc/grpc-js'
import type { ChatRequest, ChatResponse__Output, ChatService } from '@quartet/proto/chat'
import type { OrderChatRequest__Output, OrderChatResponse, OrderService } from '@quartet/proto/order'
import {
  itemError,
  RpcError,
  statusMessage,
  type CallOptions,
  type Client,
  type Context,
  type Handlers,
} from '@quartet/rpc'
import { visibleTo } from './order-access.ts'
import type { OrderRepository } from './order-repository.ts'

interface Dependencies {
  readonly orders: OrderRepository
  /** Called as the caller, or, for what nobody asked for by name, as this service. */
  readonly chat: Client<typeof ChatService, CallOptions>
}

type Join = NonNullable<OrderChatRequest__Output['join']>

/** As many as the chat service lets a stream be in. */
const maxRooms = 50
const openRoomMs = 5_000

/** OrderChat: the chat service's stream, made as the caller, where a room goes by the order that it is about. */
export const orderChat = ({ orders, chat }: Dependencies) =>
  ({
    async *orderChat(requests, context) {
      const { caller, logger, signal } = context
      /** By the room's id. */
      const orderIds = new Map<string, string>()
      /** Answers of the chat service, and between them those that are made here. */
      const answers = new PassThrough({ objectMode: true })
      const put = async (answer: OrderChatResponse) => {
        if (!answers.write(answer)) await once(answers, 'drain', { signal })
      }

      const join = async ({ orderId, afterSequence }: Join): Promise<ChatRequest> => {
        const order = visibleTo(caller, await orders.getHeader(orderId.toLowerCase()), orderId)
        const roomId = await openRoom(chat, order, context)
        if (!orderIds.has(roomId) && orderIds.size >= maxRooms)
          throw new RpcError(status.RESOURCE_EXHAUSTED, 'TOO_MANY_ROOMS', { orderId })
        orderIds.set(roomId, order.id)
        return { join: { roomId, afterSequence } }
      }

      /** What goes wrong with one request is said in the stream, and the stream goes on. */
      async function* passedOn(): AsyncGenerator<ChatRequest> {
        for await (const request of requests) {
          if (request.leave) orderIds.delete(request.leave.roomId.toLowerCase())
          if (!request.join) {
            yield request
            continue
          }
          try {
            const invalid = itemError(request.join)
            if (invalid) throw invalid
            yield await join(request.join)
          } catch (error) {
            if (signal.aborted) throw error
            if (!(error instanceof RpcError)) logger.error({ err: error }, 'a request of a chat failed')
            await put({ error: { status: statusMessage(error) } })
          }
        }
      }

      const talk = async () => {
        for await (const answer of chat.chat(passedOn(), { parent: context, waitForReady: false }))
          await put(named(answer, orderIds))
      }
      talk().then(
        () => answers.end(),
        (error: unknown) => answers.destroy(isTokenExpired(error) ? tokenExpired(error) : (error as Error)),
      )
      yield* answers
    },
  }) satisfies Partial<Handlers<typeof OrderService>>

/** The room of an order, which whoever joins first opens. It is the customer's, and the chat service lets editors in. */
const openRoom = async (
  chat: Dependencies['chat'],
  { id, customerId }: { id: string; customerId: string },
  { signal, deadline }: Context,
): Promise<string> => {
  const request = { title: `Order ${id}`, memberIds: [customerId], orderId: id, requestId: id }
  const timeoutMs = Math.min(openRoomMs, deadline - Date.now())
  const { room } = await chat.createRoom(request, { signal, timeoutMs, waitForReady: false })
  return room!.id
}

const named = (answer: ChatResponse__Output, orderIds: ReadonlyMap<string, string>): OrderChatResponse =>
  answer.joined ? { joined: { ...answer.joined, orderId: orderIds.get(answer.joined.roomId) } } : answer

/** The chat service may notice first that the caller's token ends, which is the caller's to know. */
const isTokenExpired = (error: unknown) => error instanceof RpcError && error.reason === 'TOKEN_EXPIRED'

const tokenExpired = (cause: unknown) => new RpcError(status.UNAUTHENTICATED, 'TOKEN_EXPIRED', {}, { cause })
