import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { WatchUsersResponse__Output } from '@quartet/proto/user'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import { newUser, testService } from './testing/people.ts'

const service = await testService()
const admin = await service.person('ADMIN')
const editor = await service.person('EDITOR')
const stopping = new AbortController()
afterAll(async () => {
  stopping.abort()
  await service.stop()
})

type RoleFilter = 'USER_ROLE_UNSPECIFIED' | 'USER_ROLE_EDITOR'

/** A watch, from when it is sure to miss nothing. */
const watch = async (roleFilter: RoleFilter = 'USER_ROLE_UNSPECIFIED', resumeToken = '') => {
  const stream = editor.users.watchUsers({ roleFilter, resumeToken }, { signal: stopping.signal })
  const messages = stream[Symbol.asyncIterator]()
  const { value: first } = await messages.next()
  return {
    first: first as WatchUsersResponse__Output,
    next: async () => {
      for (;;) {
        const { value } = await messages.next()
        if (value.change !== 'USER_CHANGE_HEARTBEAT') return value as WatchUsersResponse__Output
      }
    },
    stop: () => messages.return?.(),
  }
}
const create = async (role: 'USER_ROLE_VIEWER' | 'USER_ROLE_EDITOR' = 'USER_ROLE_VIEWER') =>
  (await admin.users.createUser({ ...newUser(), role })).user!

describe('WatchUsers', () => {
  test('a heartbeat at once, then every change with the user after it', async () => {
    const changes = await watch()
    expect(changes.first).toMatchObject({ change: 'USER_CHANGE_HEARTBEAT', user: null, eventId: '' })
    const user = await create()
    expect(await changes.next()).toMatchObject({ change: 'USER_CHANGE_CREATED', user })
    const updated = (await admin.users.updateUser({ userId: user.id, user: { age: 7 } })).user!
    expect(await changes.next()).toMatchObject({ change: 'USER_CHANGE_UPDATED', user: updated })
    // Already so: no change, no message.
    await admin.users.updateUser({ userId: user.id, user: { age: 7 } })
    await admin.users.deleteUser({ userId: user.id })
    expect(await changes.next()).toMatchObject({ change: 'USER_CHANGE_DELETED', user: updated })
    const { email } = newUser()
    await service.auth.signUp({ email, name: 'Eve', password: 'correct horse battery' })
    expect(await changes.next()).toMatchObject({ change: 'USER_CHANGE_CREATED', user: { email } })
    await changes.stop()
  })

  test('goes on behind any token, also one of another filter', async () => {
    const { first, next, stop } = await watch()
    const users = [await create(), await create(), await create('USER_ROLE_EDITOR')]
    const one = await next()
    await stop()
    const rest = await watch('USER_ROLE_UNSPECIFIED', one.resumeToken)
    expect([await rest.next(), await rest.next()].map(({ user }) => user!.id)).toEqual(
      users.slice(1).map(({ id }) => id),
    )
    await rest.stop()
    const all = await watch('USER_ROLE_UNSPECIFIED', first.resumeToken)
    const again = await all.next()
    expect(again).toEqual(one)
    await all.stop()
    const editors = await watch('USER_ROLE_EDITOR', first.resumeToken)
    expect((await editors.next()).user!.id).toBe(users[2]!.id)
    await editors.stop()
    expect(await failure(watch('USER_ROLE_UNSPECIFIED', 'none'))).toMatchObject({
      code: status.OUT_OF_RANGE,
      reason: 'RESUME_TOKEN_EXPIRED',
    })
  })

  test('who leaves the filter is sent once more, who enters it from then on', async () => {
    const editors = await watch('USER_ROLE_EDITOR')
    const user = await create()
    const change = (role: 'USER_ROLE_VIEWER' | 'USER_ROLE_EDITOR', age: number) =>
      admin.users.updateUser({ userId: user.id, user: { role, age } })
    await change('USER_ROLE_VIEWER', 1)
    await change('USER_ROLE_EDITOR', 2)
    await change('USER_ROLE_EDITOR', 3)
    await change('USER_ROLE_VIEWER', 4)
    await change('USER_ROLE_VIEWER', 5)
    await change('USER_ROLE_EDITOR', 6)
    const ages = []
    while (ages.length < 4) ages.push((await editors.next()).user!.age)
    expect(ages).toEqual([2, 3, 4, 6])
    await editors.stop()
  })

  test('the changes of one user come in their order, however many make them at once', async () => {
    const changes = await watch()
    const user = await create()
    await Promise.all(
      Array.from({ length: 40 }, (_, age) => admin.users.updateUser({ userId: user.id, user: { age } })),
    )
    const etags = []
    while (etags.length < 41) etags.push(Number((await changes.next()).user!.etag))
    expect(etags).toEqual(Array.from({ length: 41 }, (_, i) => i + 1))
    await changes.stop()
  })
})

describe('StreamUsers', () => {
  const tag = randomUUID()
  const many = 1_203
  beforeAll(async () => {
    // Made by the database: their ids are in no order, and mostly greater than those of the people.
    await service.pool.query(
      `insert into users (id, name, email, tags)
       select gen_random_uuid(), 'Many ' || i, i || '@many.example.org', array[$1] from generate_series(1, $2::int) as i`,
      [tag, many],
    )
  })

  test('all who fit, each once, oldest first, in pages', async () => {
    const ids: string[] = []
    const sizes: number[] = []
    for await (const { users } of editor.users.streamUsers({ filter: { tag } })) {
      ids.push(...users.map(({ id }) => id))
      sizes.push(users.length)
    }
    expect(ids).toHaveLength(many)
    expect(new Set(ids).size).toBe(many)
    expect(ids).toEqual(ids.toSorted())
    expect(Math.max(...sizes)).toBe(100)
  })

  test('nobody who fits is an empty stream', async () => {
    for await (const page of editor.users.streamUsers({ filter: { tag: 'none' } }))
      expect(page).toBe('nothing')
  })

  test('a cancel and a deadline end the query that runs', async () => {
    await expectToEndWhileLocked(service, 'users', async (options) => {
      for await (const _ of editor.users.streamUsers({}, options));
    })
  }, 25_000) // the pool's own limit would end it after 30 seconds
})
