import { once } from 'node:events'
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { UserService } from '@quartet/proto/user'
import { serve, userId } from '../testing/serve.ts'
import { createClient } from './client.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

test('calls go round all addresses', async () => {
  const replicas = await Promise.all(
    ['a', 'b'].map((replica) => serve({ getUser: async () => ({}) }, { replica })),
  )
  const client = createClient(UserService, {
    target: `ipv4:${replicas.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
  })
  closing.push(() => client.close(), ...replicas.map((replica) => () => replica.close()))
  const answering = async () => {
    let replica = ''
    await client.getUser(
      { userId },
      { onTrailers: (trailers) => (replica = String(trailers.get('x-quartet-replica')[0])) },
    )
    return replica
  }
  // Until both are connected, all calls go to the first that is.
  const seen = new Set<string>()
  while (seen.size < 2) seen.add(await answering())
  const turns: string[] = []
  for (let i = 0; i < 20; i++) turns.push(await answering())
  expect(turns.filter((replica) => replica === 'a')).toHaveLength(10)
})

/** A server below gRPC, which shows what came: the messages by method, and the connections. */
const listen = async () => {
  const messages = new Map<string, Buffer>()
  const timeouts = new Map<string, string>()
  const sessions: ServerHttp2Session[] = []
  const server = createHttp2Server()
  server.on('session', (session) => sessions.push(session))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    timeouts.set(String(headers[':path']), String(headers['grpc-timeout']))
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      messages.set(String(headers[':path']), Buffer.concat(parts))
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'gzip' },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.alloc(5))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
  closing.push(() => server.close())
  return {
    target,
    message: (method: string) => messages.get(`/quartet.user.v1.UserService/${method}`)!,
    timeout: (method: string) => timeouts.get(`/quartet.user.v1.UserService/${method}`)!,
    sessions,
  }
}

test('gzip compresses the requests of the methods named, and no others', async () => {
  const { target, message } = await listen()
  const client = createClient(UserService, { target, gzip: ['createUser', 'batchCreateUsers'] })
  closing.push(() => client.close())
  const name = 'x'.repeat(100)
  const user = { name, email: 'e@example.org', tags: Array(20).fill('the same again') }
  await client.createUser(user)
  async function* users() {
    yield { user }
  }
  await client.batchCreateUsers(users())
  await client.updateUser({ userId, user })
  for (const method of ['CreateUser', 'BatchCreateUsers']) {
    const bytes = message(method)
    expect(bytes[0]).toBe(1)
    expect(bytes.length).toBeLessThan(150)
    expect(gunzipSync(bytes.subarray(5)).includes(name)).toBe(true)
  }
  expect(message('UpdateUser')[0]).toBe(0)
  expect(message('UpdateUser').includes(name)).toBe(true)
})

test.each([[1], [3]])('channels: %i is so many connections', async (channels) => {
  const { target, sessions } = await listen()
  const client = createClient(UserService, { target, channels })
  closing.push(() => client.close())
  for (let i = 0; i < 9; i++) await client.getUser({ userId })
  expect(sessions).toHaveLength(channels)
})

test('a server may have 8 MiB under way, on a stream and on the connection', async () => {
  const { target, sessions } = await listen()
  const client = createClient(UserService, { target })
  closing.push(() => client.close())
  await client.getUser({ userId })
  const [session] = sessions
  expect(session!.remoteSettings.initialWindowSize).toBe(8 * 1024 * 1024)
  expect(session!.state.remoteWindowSize).toBeGreaterThan(7 * 1024 * 1024)
})

test('a timeout of 100 days is one that grpc-js can count', async () => {
  const { target, timeout } = await listen()
  const client = createClient(UserService, { target })
  closing.push(() => client.close())
  await client.getUser({ userId }, { timeoutMs: 100 * 24 * 60 * 60 * 1000 })
  const [, value, unit] = /^(\d+)([HMSm])$/.exec(timeout('GetUser'))!
  const milliseconds =
    Number(value) * { H: 3_600_000, M: 60_000, S: 1000, m: 1 }[unit as 'H' | 'M' | 'S' | 'm']
  expect(milliseconds).toBeLessThan(2 ** 31)
  expect(milliseconds).toBeGreaterThan(19 * 24 * 3_600_000)
})
