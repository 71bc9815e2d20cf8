import { Metadata, status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import { implement } from '@quartet/rpc'
import { failure, testIdentity, testServer } from '@quartet/testing'

/** The interceptor of libs/auth, in a server: what a token opens, the first time and every time after. */

const identity = await testIdentity()
const callers: unknown[] = []
const server = await testServer(
  [
    implement(UserService, {
      async listUsers(_, { caller }) {
        callers.push(caller)
        return {}
      },
      async *watchUsers(_, { signal }) {
        yield {}
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    }),
  ],
  identity.verify,
)
const users = server.client(UserService)
afterAll(() => server.close())

const authorization = (...values: string[]) => {
  const metadata = new Metadata()
  for (const value of values) metadata.add('authorization', value)
  return metadata
}
const list = (...values: string[]) => users.listUsers({}, { metadata: authorization(...values) })

test('a role that does not suffice is refused on the first call with a token and on the next', async () => {
  const viewer = `Bearer ${await identity.token({ role: 'VIEWER' })}`
  for (const _ of ['first', 'remembered'])
    expect(await failure(list(viewer))).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'NOT_PERMITTED',
    })
  expect(callers).toEqual([])
})

test('a role that suffices gets in, as itself', async () => {
  const sub = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
  const editor = `Bearer ${await identity.token({ sub, role: 'EDITOR' })}`
  await list(editor)
  await list(editor.replace('Bearer', 'bearer'))
  expect(callers.splice(0)).toMatchObject([
    { kind: 'person', id: sub, role: 'EDITOR' },
    { kind: 'person', id: sub, role: 'EDITOR' },
  ])
})

test('a service gets in where the contract names it, whatever role its token claims', async () => {
  const service = async (name: string) =>
    `Bearer ${await identity.token({ sub: `service:${name}`, role: 'ADMIN' })}`
  expect(await failure(list(await service('order')))).toMatchObject({ code: status.PERMISSION_DENIED })
  const watch = users
    .watchUsers({}, { metadata: authorization(await service('order')) })
    [Symbol.asyncIterator]()
  expect((await watch.next()).done).toBe(false)
  await watch.return?.()
})

test.each([
  ['no scheme', async () => [await identity.token({ role: 'ADMIN' })]],
  ['another scheme', async () => [`Basic ${await identity.token({ role: 'ADMIN' })}`]],
  ['more than a token', async () => [`Bearer ${await identity.token({ role: 'ADMIN' })} x`]],
])('%s is no authorization', async (_, values) => {
  expect(await failure(list(...(await values())))).toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_INVALID',
  })
})

test('a stream ends when its token does', async () => {
  const exp = Math.floor(Date.now() / 1000) + 2
  const metadata = authorization(`Bearer ${await identity.token({ role: 'EDITOR', exp })}`)
  const watch = users.watchUsers({}, { metadata })[Symbol.asyncIterator]()
  await watch.next()
  expect(await failure(watch.next())).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_EXPIRED' })
})
