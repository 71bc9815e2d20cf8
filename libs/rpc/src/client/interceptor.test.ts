import { status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import { RpcError } from '../errors.ts'
import { collect, failure, serve, userId } from '../testing/serve.ts'
import { createClient } from './client.ts'
import type { ClientInterceptor } from './interceptor.ts'

let close = () => {}
afterEach(() => close())

const connect = async (interceptors: readonly ClientInterceptor[]) => {
  const served = await serve({
    async getUser(_, { metadata }) {
      return { user: { id: userId, name: String(metadata.get('x-name')[0]) } }
    },
    async *watchUsers(_, { metadata }) {
      yield { eventId: String(metadata.get('x-name')[0]) }
    },
    async batchCreateUsers(requests) {
      return { createdCount: (await collect(requests)).length }
    },
    async *syncUsers(requests) {
      for await (const { sequence } of requests) if (!sequence) yield {}
      throw new RpcError(status.ABORTED, 'ODD')
    },
  })
  const client = createClient(UserService, { target: served.target, interceptors })
  close = () => {
    client.close()
    served.close()
  }
  return client
}
async function* one<T>(value: T) {
  yield value
}
const sync = () => one({ sequence: '1', update: { user: {} } })
const users = () => one({ user: { name: 'n', email: 'e@example.org' } })

test('interceptors see the start and the end of a call of every kind, and may add metadata', async () => {
  const seen: string[] = []
  const name: ClientInterceptor = {
    async onCall({ metadata }) {
      metadata.set('x-name', 'ann')
    },
    onEnd: ({ method }) => seen.push(`outer ${method.localName}`),
  }
  const observer: ClientInterceptor = {
    onCall: ({ method, metadata }) => void seen.push(`${method.localName} ${metadata.get('x-name').join()}`),
    onEnd: ({ method }, { code, error }) =>
      seen.push(`${method.localName} ${status[code]} ${(error as RpcError | undefined)?.reason}`),
  }
  const client = await connect([name, observer])
  expect((await client.getUser({ userId })).user!.name).toBe('ann')
  expect((await collect(client.watchUsers({})))[0]!.eventId).toBe('ann')
  await client.batchCreateUsers(users())
  expect(await failure(collect(client.syncUsers(sync())))).toMatchObject({ reason: 'ODD' })
  expect(seen).toEqual(
    ['getUser', 'watchUsers', 'batchCreateUsers', 'syncUsers'].flatMap((method) => [
      `${method} ann`,
      `${method} ${method === 'syncUsers' ? 'ABORTED ODD' : 'OK undefined'}`,
      `outer ${method}`,
    ]),
  )
})

test('one that refuses makes no call, of any kind, and those before it hear of it', async () => {
  const heard: string[] = []
  const client = await connect([
    { onEnd: (_, { code }) => heard.push(status[code]) },
    {
      onCall() {
        throw new RpcError(status.RESOURCE_EXHAUSTED, 'ENOUGH')
      },
    },
    { onCall: () => void heard.push('behind'), onEnd: () => heard.push('behind') },
  ])
  const enough = { reason: 'ENOUGH' }
  expect(await failure(client.getUser({ userId }))).toMatchObject(enough)
  expect(await failure(collect(client.watchUsers({})))).toMatchObject(enough)
  expect(await failure(client.batchCreateUsers(users()))).toMatchObject(enough)
  expect(await failure(collect(client.syncUsers(sync())))).toMatchObject(enough)
  expect(heard).toEqual(Array(4).fill('RESOURCE_EXHAUSTED'))
})
