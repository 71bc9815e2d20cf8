import { equal } from 'node:assert/strict'
import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { fillUsers, startDatabase } from './database.ts'
import { connect, unary, unaryMany } from './load.ts'
import { cpuPer, start } from './process.ts'
import { ids } from './servers/users.ts'

/** GetUser of different users, 50 in flight on one connection: out of memory, and out of PostgreSQL. */
const method = UserService.methods.find(({ name }) => name === 'GetUser')!
const { path } = method
const codec = codecOf(method)
const load = { count: ids.length, inFlight: 50 }
const requests = ids.map((userId) => codec.requestSerialize({ userId }))

const variant = async (name: string, file: string, environment: Record<string, string> = {}) => {
  const server = await start(file, environment)
  const client = connect(server.port)
  const { user } = codec.responseDeserialize(await unary(client, path, requests[1]!)) as {
    user: { id: string }
  }
  equal(user.id, ids[1], `${name} answers something else`)
  return {
    name,
    measure: () => cpuPer(server, load.count, () => unaryMany(client, path, requests, load)),
    close: () => {
      client.close()
      return server.stop()
    },
  }
}

const database = await startDatabase('user')
await fillUsers(database, 100_000)
const memory = await variant('the kit, from memory', 'kit-user.ts')
const service = await variant('the user service, from PostgreSQL', 'user-service.ts', {
  DATABASE_URL: database.url,
})

await compare({
  title: `GetUser, ${load.inFlight} in flight`,
  unit: 'server CPU, µs',
  variants: [memory, { ...service, aim: ratioAtMost(1.3) }],
  turns: 2,
})
await Promise.all([memory, service].map((one) => one.close()))
await database.stop()
