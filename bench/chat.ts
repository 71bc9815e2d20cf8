import { ChatService } from '@quartet/proto/chat'
import { codecOf } from '@quartet/proto/codec'
import { compare, ratioAtMost } from './compare.ts'
import { startDatabase } from './database.ts'
import { deliveries, type Room } from './deliveries.ts'
import { connect, unary } from './load.ts'
import { start, type Measured } from './process.ts'
import { message } from './servers/messages.ts'

/** Messages to all who subscribed to a room, from the call that says one to the last reader. */
const method = (name: string) => ChatService.methods.find((method) => method.name === name)!
const [subscribe, sendMessage, createRoom] = ['Subscribe', 'SendMessage', 'CreateRoom'].map(method)
const readers = 1_000
const { text, roomId } = message(0).message

/** Somebody says it, and it is stored. */
const bySomebody = async ({ port }: Measured) => {
  const client = connect(port)
  const open = codecOf(createRoom!).requestSerialize({ title: 'Bench', visibility: 'ROOM_VISIBILITY_OPEN' })
  const opened = codecOf(createRoom!).responseDeserialize(await unary(client, createRoom!.path, open))
  const { id: roomId } = (opened as { room: { id: string } }).room
  const request = codecOf(sendMessage!).requestSerialize({ roomId, text })
  return {
    roomId,
    say: (messages: number) =>
      Promise.all(Array.from({ length: messages }, () => unary(client, sendMessage!.path, request))),
  }
}

const variant = (name: string, server: Measured, { roomId, say }: Pick<Room, 'say'> & { roomId: string }) => {
  const request = codecOf(subscribe!).requestSerialize({ roomId })
  return deliveries(name, server, { path: subscribe!.path, request, readers, say })
}

const database = await startDatabase('chat')
const servers = [
  await start('bare-chat.ts'),
  await start('chat-service.ts', { DATABASE_URL: database.url }),
] as const
const bare = await variant('bare grpc-js, encoded for each', servers[0], {
  roomId,
  say: (messages) => servers[0].work(messages),
})
const service = await variant('the chat service, stored', servers[1], await bySomebody(servers[1]))

await compare({
  title: `A message of ${text.length} characters to one of ${readers} readers`,
  unit: 'server CPU, µs',
  variants: [bare, { ...service, aim: ratioAtMost(0.65) }],
  turns: 2,
})
await Promise.all([bare, service].map((one) => one.close()))
await database.stop()
