import { ChatService } from '@quartet/proto/chat'
import { codecOf } from '@quartet/proto/codec'
import { compare, ratioAtMost } from './compare.ts'
import { connect } from './load.ts'
import { cpuPer, start } from './process.ts'
import { openReaders } from './readers.ts'
import { message } from './servers/messages.ts'

/** One message after another to all who subscribed to a room, over one connection, as behind a proxy. */
const method = ChatService.methods.find(({ name }) => name === 'Subscribe')!
const { path } = method
const codec = codecOf(method)
const readers = 50
/** So many at a time, then all readers are waited for: nobody falls behind. */
const messages = 20
const request = codec.requestSerialize({ roomId: message(0).message.roomId })

const variant = async (name: string, file: string, environment: Record<string, string> = {}) => {
  const server = await start(file, environment)
  const client = connect(server.port)
  const all = await openReaders([client], { path, request, count: readers })
  const deliver = async () => {
    const delivered = all.received(messages)
    await server.work(messages)
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

const bare = await variant('bare grpc-js, encoded for each', 'bare-chat.ts')
const naive = await variant('the kit, encoded for each', 'kit-chat.ts')
const once = await variant('the kit, encoded once', 'kit-chat.ts', { ENCODE: 'once' })

await compare({
  title: `A message of ${codec.responseSerialize(message(1)).length} bytes to one of ${readers} readers`,
  unit: 'server CPU, µs',
  variants: [bare, naive, { ...once, aim: ratioAtMost(0.65) }],
  turns: 5,
})
await Promise.all([bare, naive, once].map((one) => one.close()))
