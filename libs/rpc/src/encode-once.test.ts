import { encodeOnce } from './encode-once.ts'
import { collect, serve } from './testing/serve.ts'

let served: Awaited<ReturnType<typeof serve>> | undefined
afterEach(() => served?.close())

test('one message to 50 readers is encoded once, and each gets all of it', async () => {
  let encoded = 0
  const counted = (eventId: string) => ({
    get eventId() {
      encoded++
      return eventId
    },
    user: { name: 'n', tags: ['a', 'b'] },
  })
  const shared = encodeOnce(counted('shared'))
  served = await serve(
    {
      async *watchUsers() {
        yield shared
        yield counted('own')
      },
    },
    { limits: { '/quartet.user.v1.UserService/WatchUsers': { perSecond: 0 } } },
  )
  const all = await Promise.all(Array.from({ length: 50 }, () => collect(served!.client.watchUsers({}))))
  for (const [first, second] of all) {
    expect(first).toMatchObject({ eventId: 'shared', user: { name: 'n', tags: ['a', 'b'] } })
    expect(second).toMatchObject({ eventId: 'own' })
  }
  expect(encoded).toBe(1 + 50)
})

test('a marked message can be read and not changed, and another method encodes it its own way', async () => {
  const user = encodeOnce({ user: { name: 'n' } })
  expect(user.user.name).toBe('n')
  expect(() => (user.user = { name: 'm' })).toThrow(TypeError)
  served = await serve({
    getUser: async () => user,
    createUser: async () => user,
    async *watchUsers() {
      yield user
    },
  })
  const { client } = served
  expect((await client.getUser({ userId: '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e' })).user!.name).toBe('n')
  expect((await collect(client.watchUsers({})))[0]!.user!.name).toBe('n')
})
