import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, ratioAtMost } from './compare.ts'
import { connect, unary } from './load.ts'
import { start } from './process.ts'
import { user } from './servers/users.ts'

/** From the start of a process to its first answer, over a connection of its own: GetUser, compile cache warm. */
const method = UserService.methods.find(({ name }) => name === 'GetUser')!
const { path } = method
const codec = codecOf(method)
const request = codec.requestSerialize({ userId: user().id })

const cache = mkdtempSync(join(tmpdir(), 'quartet-bench-compiled-'))
process.once('exit', () => rmSync(cache, { recursive: true, force: true }))

const variant = (name: string, file: string) => ({
  name,
  async measure() {
    const started = performance.now()
    const server = await start(file, { NODE_COMPILE_CACHE: cache })
    const client = connect(server.port)
    await unary(client, path, request)
    const milliseconds = performance.now() - started
    client.close()
    await server.stop()
    return milliseconds
  },
})

await compare({
  title: 'From the start of a process to its first answer',
  unit: 'ms',
  variants: [
    variant('bare grpc-js', 'bare-user.ts'),
    { ...variant('the kit, with the user contract', 'kit-user.ts'), aim: ratioAtMost(2) },
  ],
  turns: 1,
})
