import { deepStrictEqual } from 'node:assert/strict'
import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { connect, unary, unaryMany } from './load.ts'
import { cpuPer, start } from './process.ts'
import { user } from './servers/users.ts'

/** GetUser with its answer of 245 bytes: 50 in flight on one connection. */
const method = UserService.methods.find(({ name }) => name === 'GetUser')!
const { path } = method
const codec = codecOf(method)
const load = { count: 300, inFlight: 50 }
const request = codec.requestSerialize({ userId: user().id })
const answer = codec.responseSerialize({ user: user() })

const variant = async (name: string, file: string) => {
  const server = await start(file)
  const client = connect(server.port)
  const answered = codec.responseDeserialize(await unary(client, path, request))
  deepStrictEqual(answered, codec.responseDeserialize(answer), `${name} answers something else`)
  return {
    name,
    measure: () => cpuPer(server, load.count, () => unaryMany(client, path, [request], load)),
    close: () => {
      client.close()
      return server.stop()
    },
  }
}

const bare = await variant('bare grpc-js', 'bare-user.ts')
const kit = await variant('the kit, everything on but tracing', 'kit-user.ts')
const nest = await variant('NestJS', 'nest-user.ts')
const nice = await variant('nice-grpc', 'nice-grpc-user.ts')

await compare({
  title: `A small unary call (${answer.length} bytes, ${load.inFlight} in flight)`,
  unit: 'server CPU, µs',
  variants: [bare, { ...kit, aim: ratioAtMost(1.25) }, nest, nice],
  turns: 5,
})
await Promise.all([bare, kit, nest, nice].map((one) => one.close()))
