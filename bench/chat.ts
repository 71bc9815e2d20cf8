import { ChatService } from '@quartet/proto/chat'
import { compare, ratioAtMost } from './compare.ts'
import { connect, read, unary } from './load.ts'
import { cpuPer, start, type Measured } from './process.ts'
import { message } from './servers/messages.ts'

/** Messages to all who subscribed to a room, from the call that says one to the last reader, over one connection. */
const method = (name: string) => ChatService.methods.find((method) => method.name === name)!
const [subscribe, sendMessage, createRoom] = ['Subscribe', 'SendMessage', 'CreateRoom'].map(method)
const readers = 1_000
/** So many at a time, then all readers are waited for: nobody falls behind. */
const messages = 20
const { text, roomId: anyRoom } = message(0).message

const variant = async (name: string, file: string, say: (server: Measured) => Promise<Say>) => {
  const server = await start(file)
  const { roomId, sayAll } = await say(server)
  const client = connect(server.port)
  let missing = 0
  let arrived = () => {}
  const expect = (count: number) => {
    missing = count
    return new Promise<void>((resolve) => (arrived = resolve))
  }
  // The first that comes is a heartbeat, or a greeting: from there on nothing is missed.
  const greeted = expect(readers)
  const request = subscribe!.codec.requestSerialize({ roomId })
  for (let i = 0; i < readers; i++)
    read(client, subscribe!.path, request, () => --missing === 0 && arrived()).catch(() => {}) // the end cuts it
  await greeted

  const deliver = async () => {
    const delivered = expect(readers * messages)
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
const byItself = async (server: Measured): Promise<Say> => ({
  roomId: anyRoom,
  sayAll: () => server.work(messages),
})

/** Somebody says it, and it is stored. */
const bySomebody = async ({ port }: Measured): Promise<Say> => {
  const client = connect(port)
  const open = createRoom!.codec.requestSerialize({ title: 'Bench', visibility: 'ROOM_VISIBILITY_OPEN' })
  const opened = createRoom!.codec.responseDeserialize(await unary(client, createRoom!.path, open))
  const { id: roomId } = (opened as { room: { id: string } }).room
  const request = sendMessage!.codec.requestSerialize({ roomId, text })
  return {
    roomId,
    sayAll: () =>
      Promise.all(Array.from({ length: messages }, () => unary(client, sendMessage!.path, request))),
  }
}

const bare = await variant('bare grpc-js, encoded for each', 'bare-chat.ts', byItself)
const service = await variant('the chat service, stored', 'chat-service.ts', bySomebody)

await compare({
  title: `A message of ${text.length} characters to one of ${readers} readers`,
  unit: 'server CPU, µs',
  variants: [bare, { ...service, aim: ratioAtMost(0.65) }],
  turns: 2,
})
await Promise.all([bare, service].map((one) => one.close()))
