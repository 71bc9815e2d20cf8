import { Metadata, status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import type { Context } from '../context.ts'
import { RpcError } from '../errors.ts'
import { failure, serve, userId } from '../testing/serve.ts'
import { createClient } from './client.ts'

type Served = Awaited<ReturnType<typeof serve>>
const open: Served[] = []
const serving = async (...of: Parameters<typeof serve>) => {
  const served = await serve(...of)
  open.push(served)
  return served
}
afterEach(() => open.splice(0).forEach((served) => served.close()))

test('what may be repeated is retried while a replica is away; what may not is not', async () => {
  const calls = { getUser: 0, deleteUser: 0, createUser: new Set<string>() }
  const away = () => new RpcError(status.UNAVAILABLE, 'AWAY')
  const { client } = await serving({
    async getUser() {
      if (++calls.getUser < 3) throw away()
      return { user: { id: userId } }
    },
    async deleteUser() {
      calls.deleteUser++
      throw away()
    },
    async createUser({ requestId }) {
      const again = calls.createUser.has(requestId)
      calls.createUser.add(requestId)
      if (!again) throw away()
      return {}
    },
  })
  expect((await client.getUser({ userId })).user?.id).toBe(userId)
  expect(calls.getUser).toBe(3)
  expect(await failure(client.deleteUser({ userId }))).toMatchObject({ reason: 'AWAY' })
  expect(calls.deleteUser).toBe(1)
  // The kit fills the idempotency key, the same one for each attempt.
  await client.createUser({ name: 'n', email: 'n@example.org' })
  expect(calls.createUser.size).toBe(1)
  expect([...calls.createUser][0]).toMatch(/^[0-9a-f-]{36}$/)
})

test('deadline, cancel, token and trace of the call being served are carried on', async () => {
  const inner = Promise.withResolvers<Context>()
  const back = await serving({
    async getUser(_, context) {
      inner.resolve(context)
      return new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(context.signal.reason)),
      )
    },
  })
  let outer: Context | undefined
  const front = await serving({
    async getUser(request, context) {
      outer = context
      return back.client.getUser(request, { parent: context })
    },
  })
  const controller = new AbortController()
  const metadata = new Metadata()
  metadata.set('authorization', 'Bearer abc')
  const call = front.client.getUser({ userId }, { metadata, timeoutMs: 15_000, signal: controller.signal })
  const context = await inner.promise
  expect(Math.abs(context.deadline - outer!.deadline)).toBeLessThan(100)
  expect(context.metadata.get('authorization')).toEqual(['Bearer abc'])
  expect(context.traceId).toBe(outer!.traceId)
  const ended = new Promise((resolve) => context.signal.addEventListener('abort', resolve))
  controller.abort()
  expect(await failure(call)).toMatchObject({ code: status.CANCELLED })
  await ended
})

test('a call waits for a server that is not up yet, until its deadline', async () => {
  const { port, server } = await serving({})
  server.close()
  const client = createClient(UserService, { target: `127.0.0.1:${port}` })
  expect(await failure(client.deleteUser({ userId }, { timeoutMs: 200 }))).toMatchObject({
    code: status.DEADLINE_EXCEEDED,
  })
  // A method that is not retried: else a retry could pass for the wait.
  const later = client.deleteUser({ userId }, { timeoutMs: 15_000 })
  const again = await serving({ deleteUser: async () => ({}) }, {}, port)
  expect(await later).toEqual({})
  client.close()
  again.close()
})

test('a signal that has aborted already makes no call', async () => {
  let called = false
  const { client } = await serving({ getUser: async () => ((called = true), {}) })
  expect(await failure(client.getUser({ userId }, { signal: AbortSignal.abort() }))).toMatchObject({
    code: status.CANCELLED,
  })
  expect(called).toBe(false)
})
