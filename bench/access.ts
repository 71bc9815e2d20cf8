import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { connect, unaryMany } from './load.ts'
import { cpuPer, start } from './process.ts'
import { user } from './servers/users.ts'

/** GetUser, 50 in flight on one connection, with a token in every call: looked at, and not. */
const method = UserService.methods.find(({ name }) => name === 'GetUser')!
const { path } = method
const codec = codecOf(method)
const load = { count: 250, inFlight: 50 }
const request = codec.requestSerialize({ userId: user().id })

const variant = async (name: string, environment: Record<string, string> = {}) => {
  const server = await start('kit-user.ts', environment)
  const client = connect(server.port)
  return {
    name,
    measure: () => cpuPer(server, load.count, () => unaryMany(client, path, [request], load)),
    close: () => {
      client.close()
      return server.stop()
    },
  }
}

const unchecked = await variant('nobody looks at the token', { ACCESS: 'off' })
const checked = await variant('a token that was seen before')
await compare({
  title: 'Who calls, and may they',
  unit: 'server CPU, µs',
  turns: 16,
  variants: [unchecked, { ...checked, aim: ratioAtMost(1.06) }],
})
await unchecked.close()
await checked.close()
