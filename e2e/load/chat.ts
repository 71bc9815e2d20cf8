import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChatService } from '@quartet/proto/chat'
import { follow, type CallOptions, type Client } from '@quartet/rpc'
import { answerOf, count, countEnd, describeFailure, pauseMs, type Record } from './record.ts'

type Chat = Client<typeof ChatService, CallOptions>

/**
 * A bidirectional stream: talks in a room of its own until `signal` aborts, and comes back when the stream ends, sending
 * again what was not acknowledged. Every message must be there once, and must have been heard once and in order.
 */
export const talk = async (chat: Chat, record: Record, signal: AbortSignal): Promise<void> => {
  const request = { title: 'load', requestId: randomUUID() }
  const { room } = await answerOf(record, () => chat.createRoom(request))
  const roomId = room!.id
  const unacknowledged = new Map<string, string>()
  const delivered = new Set<string>()
  const heard: string[] = []
  const stopping = new AbortController()
  /** Of the stream that is open now: one that has ended must not count on messages that nobody sends. */
  let current: symbol | undefined

  async function* requests(afterSequence: string) {
    const mine = (current = Symbol('stream'))
    yield { join: { roomId, afterSequence } }
    for (const [clientMessageId, text] of unacknowledged) yield { send: { roomId, clientMessageId, text } }
    while (!stopping.signal.aborted) {
      await sleep(pauseMs)
      if (current !== mine) return
      if (signal.aborted) continue // what is not acknowledged yet is still waited for
      const clientMessageId = randomUUID()
      unacknowledged.set(clientMessageId, `message ${clientMessageId}`)
      yield { send: { roomId, clientMessageId, text: `message ${clientMessageId}` } }
    }
  }
  const listen = async () => {
    const answers = follow((cursor) => chat.chat(requests(cursor ?? '0')), {
      cursorOf: ({ message }) => message?.sequence,
      signal: stopping.signal,
      onRestart: (error) => {
        count(record, 'chats resumed')
        countEnd(record, 'chats', error)
      },
    })
    for await (const answer of answers) {
      if (answer.delivered) {
        unacknowledged.delete(answer.delivered.clientMessageId)
        delivered.add(answer.delivered.clientMessageId)
        count(record, 'messages')
      }
      if (answer.message) heard.push(answer.message.clientMessageId)
      if (answer.error) record.failed.push(`Chat: ${answer.error.status?.message}`)
    }
  }
  const listening = listen().catch((error: unknown) => record.failed.push(describeFailure('Chat', error)))

  const isDone = () => unacknowledged.size === 0 && heard.length >= delivered.size
  while (!signal.aborted) await sleep(pauseMs)
  for (const end = Date.now() + 30_000; !isDone() && Date.now() < end;) await sleep(pauseMs)
  stopping.abort()
  await listening

  const stored = await storedIn(chat, record, roomId)
  for (const id of delivered) if (!stored.includes(id)) record.lost.push(`message ${id} is not stored`)
  for (const id of delivered) if (!heard.includes(id)) record.lost.push(`message ${id} was not heard`)
  for (const id of unacknowledged.keys()) record.lost.push(`message ${id} was never acknowledged`)
  if (new Set(stored).size !== stored.length)
    record.doubled.push(`a message of room ${roomId} is stored twice`)
  if (heard.join() !== stored.slice(0, heard.length).join())
    record.doubled.push(`room ${roomId} was not heard once and in order`)
}

const storedIn = async (chat: Chat, record: Record, roomId: string): Promise<string[]> => {
  const stored: string[] = []
  for (let afterSequence = '0'; ;) {
    const request = { roomId, afterSequence, pageSize: 100 }
    const { messages } = await answerOf(record, () => chat.listMessages(request))
    if (messages.length === 0) return stored
    stored.push(...messages.map(({ clientMessageId }) => clientMessageId))
    afterSequence = messages.at(-1)!.sequence
  }
}
