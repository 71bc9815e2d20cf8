import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { connect, read } from './load.ts'
import { cpuPer, start } from './process.ts'

/** StreamUsers, read as fast as it comes: what a row costs in a message of its own, and in a page of 100. */
const method = UserService.methods.find(({ name }) => name === 'StreamUsers')!
const { path } = method
const codec = codecOf(method)
const request = codec.requestSerialize({})

const variant = async (name: string, file: string, { rows, page }: { rows: number; page: number }) => {
  const server = await start(file, { ROWS: String(rows), PAGE: String(page) })
  const client = connect(server.port)
  const stream = async () => {
    let messages = 0
    await read(client, path, request, () => messages++)
    if (messages !== rows / page)
      throw new Error(`${name} sent ${messages} messages instead of ${rows / page}`)
  }
  return {
    name,
    measure: () => cpuPer(server, rows, stream),
    close: () => {
      client.close()
      return server.stop()
    },
  }
}

const single = { rows: 1000, page: 1 }
const bare = await variant('bare grpc-js, a row a message', 'bare-user.ts', single)
const kit = await variant('the kit, a row a message', 'kit-user.ts', single)
const paged = await variant('the kit, 100 rows a message', 'kit-user.ts', { rows: 5000, page: 100 })

await compare({
  title: 'A row of a server stream',
  unit: 'server CPU, µs',
  variants: [bare, { ...kit, aim: ratioAtMost(1.1) }, { ...paged, aim: ratioAtMost(0.25) }],
  turns: 5,
})
await Promise.all([bare, kit, paged].map((one) => one.close()))
