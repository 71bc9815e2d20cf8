import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { connect, unaryMany } from './load.ts'
import { cpuPer, start } from './process.ts'
import { user } from './servers/users.ts'

/** GetUser, 50 in flight on one connection, with a token in every call: one process looks at it, and does not, by turns. */
const method = UserService.methods.find(({ name }) => name === 'GetUser')!
const load = { count: 200, inFlight: 50 }
const request = codecOf(method).requestSerialize({ userId: user().id })
const server = await start('access-user.ts')
const client = connect(server.port)

const variant = (name: string, looks: 0 | 1) => ({
  name,
  async measure() {
    await server.work(looks)
    return cpuPer(server, load.count, () => unaryMany(client, method.path, [request], load))
  },
})

await compare({
  title: 'Who calls, and may they',
  unit: 'server CPU, µs',
  turns: 32,
  variants: [
    variant('nobody looks at the token', 0),
    { ...variant('a token that was seen before', 1), aim: ratioAtMost(1.06) },
  ],
})
client.close()
await server.stop()
