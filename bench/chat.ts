import { ChatService } from '@quartet/proto/chat'
import { codecOf } from '@quartet/proto/codec'
import { compare, ratioAtMost } from './compare.ts'
import { startDatabase } from './database.ts'
import { connect, unary } from './load.ts'
import { cpuPer, start, type Measured } from './process.ts'
import { openReaders } from './readers.ts'
import { message } from './servers/messages.ts'

/** Messages to all who subscribed to a room, from the call that says one to the last reader, over one connection. */
const method = (name: string) => ChatService.methods.find((method) => method.name === name)!
const [subscribe, sendMessage, createRoom] = ['Subscribe', 'SendMessage', 'CreateRoom'].map(method)
const readers = 1_000
/** So many at a time, then all readers are waited for: nobody falls behind. */
const messages = 20
const { text, roomId: anyRoom } = message(0).message

const variant = async (name: string, server: Measured, { roomId, sayAll }: Say) => {
  const client = connect(server.port)
  const request = codecOf(subscribe!).requestSerialize({ roomId })
  const all = await openReaders([client], { path: subscribe!.path, request, count: readers })
  const deliver = async () => {
    const delivered = all.received(messages)
    await sayAll()
    await delivered
  }
  return {
    name,
    measure: () => cpuPer(server, readers * messages, deliver),
    close: () => {
      client.close()
      return server.stop()
    },
  }
}

interface Say {
  readonly roomId: string
  /** Has all the messages of a turn said. */
  readonly sayAll: () => Promise<unknown>
}

/** The server says it by itself. */
const byItself = (server: Measured): Say => ({ roomId: anyRoom, sayAll: () => server.work(messages) })

/** Somebody says it, and it is stored. */
const bySomebody = async ({ port }: Measured): Promise<Say> => {
  const client = connect(port)
  const open = codecOf(createRoom!).requestSerialize({ title: 'Bench', visibility: 'ROOM_VISIBILITY_OPEN' })
  const opened = codecOf(createRoom!).responseDeserialize(await unary(client, createRoom!.path, open))
  const { id: roomId } = (opened as { room: { id: string } }).room
  const request = codecOf(sendMessage!).requestSerialize({ roomId, text })
  return {
    roomId,
    sayAll: () =>
      Promise.all(Array.from({ length: messages }, () => unary(client, sendMessage!.path, request))),
  }
}

const database = await startDatabase('chat')
const servers = [
  await start('bare-chat.ts'),
  await start('chat-service.ts', { DATABASE_URL: database.url }),
] as const
const bare = await variant('bare grpc-js, encoded for each', servers[0], byItself(servers[0]))
const service = await variant('the chat service, stored', servers[1], await bySomebody(servers[1]))

await compare({
  title: `A message of ${text.length} characters to one of ${readers} readers`,
  unit: 'server CPU, µs',
  variants: [bare, { ...service, aim: ratioAtMost(0.65) }],
  turns: 2,
})
await Promise.all([bare, service].map((one) => one.close()))
await database.stop()
