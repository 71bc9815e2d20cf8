import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { AuthService } from '@quartet/proto/auth'
import { ChatService } from '@quartet/proto/chat'
import { OrderService } from '@quartet/proto/order'
import { UploadService } from '@quartet/proto/upload'
import { UserService } from '@quartet/proto/user'
import type { Account } from '../start/accounts.ts'
import type { Wire } from './wire.ts'

/** What the suite can do, call by call. */
export const tour = async (wire: Wire, { edge, admin }: { edge: string; admin: Account }) => {
  const { email, password } = admin
  const [signedIn] = await wire.call<SignedIn>(AuthService, 'SignIn', { email, password })
  const token = signedIn!.tokens.accessToken
  wire.useToken(token)

  await wire.call(UserService, 'StreamUsers', {})
  await wire.call(UploadService, 'UploadChunks', file(randomBytes(150_000)))
  await wire.call(OrderService, 'CreateOrder', order)

  const [opened] = await wire.call<Opened>(ChatService, 'CreateRoom', { title: 'A room to try' })
  const talk = conversation(opened!.room.id)
  await wire.call<ChatAnswer>(ChatService, 'Chat', talk.requests(), talk.heard)

  wire.heading('The same by JSON', 'curl will do')
  await json(wire, `http://${edge}/v1/users/${signedIn!.user.id}`, token)
}

interface SignedIn {
  tokens: { accessToken: string }
  user: { id: string }
}

interface Opened {
  room: { id: string }
}

interface ChatAnswer {
  payload: string
  error?: { status: { message: string } | null } | null
}

const order = {
  items: [
    {
      productId: 'tea',
      name: 'Tea',
      quantity: 2,
      unitPrice: { currencyCode: 'EUR', units: '4', nanos: 950_000_000 },
    },
  ],
}

/** A file in three chunks. Without the commit it would never be one. */
async function* file(data: Buffer) {
  const chunkSize = 64 * 1024
  yield { start: { name: 'try.bin' } }
  for (let offset = 0, sequence = 0; offset < data.length; offset += chunkSize, sequence++)
    yield { chunk: { sequence, offset, data: data.subarray(offset, offset + chunkSize) } }
  yield { commit: { size: data.length, sha256: createHash('sha256').update(data).digest('hex') } }
}

/** Enters a room, says something, and leaves when it is back: each step once the one before it is answered. */
const conversation = (roomId: string) => {
  const answered: Record<string, PromiseWithResolvers<void>> = {
    joined: Promise.withResolvers(),
    message: Promise.withResolvers(),
    delivered: Promise.withResolvers(),
  }
  return {
    async *requests() {
      yield { join: { roomId } }
      await answered['joined']!.promise
      yield { send: { roomId, clientMessageId: randomUUID(), text: 'Hello, everybody' } }
      await Promise.all([answered['message']!.promise, answered['delivered']!.promise])
      yield { leave: { roomId } }
    },
    /** Hears an answer, and goes on where it was waited for. */
    heard: ({ payload, error }: ChatAnswer) => {
      if (error) throw new Error(`The room refused: ${error.status?.message}`)
      answered[payload]?.resolve()
      return false
    },
  }
}

const json = async (wire: Wire, url: string, token: string) => {
  wire.message('→', `GET ${new URL(url).pathname}`, 0, {})
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const text = await response.text()
  wire.message('←', String(response.status), text.length, JSON.parse(text) as object)
}
