import { ChatService } from '@quartet/proto/chat'
import { codecOf } from '@quartet/proto/codec'
import { compare, ratioAtMost } from './compare.ts'
import { deliveries } from './deliveries.ts'
import { start } from './process.ts'
import { message } from './servers/messages.ts'

/** One message after another to all who subscribed to a room. */
const method = ChatService.methods.find(({ name }) => name === 'Subscribe')!
const { path } = method
const codec = codecOf(method)
const readers = 50
const request = codec.requestSerialize({ roomId: message(0).message.roomId })

const variant = async (name: string, file: string, environment: Record<string, string> = {}) => {
  const server = await start(file, environment)
  return deliveries(name, server, { path, request, readers, say: (messages) => server.work(messages) })
}

const bare = await variant('bare grpc-js, encoded for each', 'bare-chat.ts')
const naive = await variant('the kit, encoded for each', 'kit-chat.ts')
const once = await variant('the kit, encoded once', 'kit-chat.ts', { ENCODE: 'once' })
const pushed = await variant('the kit, encoded once and pushed', 'kit-chat.ts', {
  ENCODE: 'once',
  PUSH: 'yes',
})

await compare({
  title: `A message of ${codec.responseSerialize(message(1)).length} bytes to one of ${readers} readers`,
  unit: 'server CPU, µs',
  variants: [bare, naive, { ...once, aim: ratioAtMost(0.65) }, pushed],
  turns: 5,
})
await Promise.all([bare, naive, once, pushed].map((one) => one.close()))
