import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import type { CallOptions } from '@quartet/rpc'
import { expectToEndWhileLocked, failure } from '@quartet/testing'
import { fullUser, newUser, testService } from './testing/people.ts'

const service = await testService()
const { server, auth, person } = service
afterAll(() => service.stop())

const admin = await person('ADMIN')
const editor = await person('EDITOR')
const viewer = await person('VIEWER')

describe('CreateUser', () => {
  test('stores every field, and nothing of the password comes back', async () => {
    const request = fullUser()
    const { user } = await admin.users.createUser(request)
    const { password: _, ...visible } = request
    expect(user).toMatchObject({ ...visible, status: 'USER_STATUS_ACTIVE', etag: '1' })
    expect(JSON.stringify(user)).not.toMatch(/password|argon2/)
    expect(await admin.users.getUser({ userId: user!.id })).toEqual({ user })
    await auth.signIn({ email: request.email, password: request.password })
  })

  test('defaults: a viewer on the free plan who cannot sign in', async () => {
    const request = newUser()
    const { user } = await admin.users.createUser(request)
    expect(user).toMatchObject({ role: 'USER_ROLE_VIEWER', plan: 'USER_PLAN_FREE', address: null })
    expect(user).not.toHaveProperty('age')
    expect(await failure(auth.signIn({ email: request.email, password: 'x' }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    })
  })

  test('an address is taken in any case', async () => {
    const request = newUser()
    await admin.users.createUser(request)
    const again = { ...request, email: request.email.toUpperCase() }
    expect(await failure(admin.users.createUser(again))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'EMAIL_TAKEN',
    })
  })

  test('with one request_id, 20 at once create one user, and each gets it', async () => {
    const request = { ...newUser(), requestId: randomUUID() }
    // Maps are written in any order.
    const maps = [
      { team: 'engine', locale: 'en-GB' },
      { locale: 'en-GB', team: 'engine' },
    ]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        admin.users.createUser({ ...request, metadata: maps[i % maps.length] }),
      ),
    )
    expect(new Set(answers.map(({ user }) => user!.id)).size).toBe(1)
    expect(answers[1]).toEqual(answers[0])
    const { users } = await admin.users.listUsers({ filter: { search: request.email } })
    expect(users).toHaveLength(1)
  })

  test('the same request_id with another body is refused; of another caller it is another one', async () => {
    const request = { ...newUser(), requestId: randomUUID() }
    await admin.users.createUser(request)
    expect(await failure(admin.users.createUser({ ...request, name: 'Grace' }))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    })
    const other = await person('ADMIN')
    await other.users.createUser({ ...newUser(), requestId: request.requestId })
  })
})

describe('GetUser', () => {
  test('oneself, and everybody for an editor; for others it is as if it were not there', async () => {
    expect((await viewer.users.getUser({ userId: viewer.id })).user!.id).toBe(viewer.id)
    expect((await editor.users.getUser({ userId: viewer.id })).user!.id).toBe(viewer.id)
    expect((await viewer.users.getUser({ userId: viewer.id.toUpperCase() })).user!.id).toBe(viewer.id)
    const missing = { code: status.NOT_FOUND, reason: 'USER_NOT_FOUND' }
    expect(await failure(viewer.users.getUser({ userId: editor.id }))).toMatchObject(missing)
    expect(await failure(viewer.users.getUser({ userId: randomUUID() }))).toMatchObject(missing)
    expect(await failure(editor.users.getUser({ userId: randomUUID() }))).toMatchObject(missing)
  })
})

describe('UpdateUser', () => {
  const make = async () =>
    (
      await admin.users.createUser({
        ...newUser(),
        age: 36,
        tags: ['one'],
        metadata: { team: 'engine' },
        address: { poBox: '7', city: 'London', countryCode: 'GB' },
      })
    ).user!

  test('the fields that the mask names, and no other; one that is not set is cleared', async () => {
    const before = await make()
    const { user } = await admin.users.updateUser({
      userId: before.id,
      user: { name: 'Ada King', email: 'not@looked.at', plan: 'USER_PLAN_PRO' },
      updateMask: { paths: ['name', 'plan', 'age', 'tags', 'metadata', 'address'] },
    })
    const { age: _, _age: __, ...rest } = before
    expect(user).toEqual({
      ...rest,
      name: 'Ada King',
      plan: 'USER_PLAN_PRO',
      tags: [],
      metadata: {},
      address: null,
      etag: '2',
      updatedAt: user!.updatedAt,
    })
    expect(await admin.users.getUser({ userId: before.id })).toEqual({ user })
  })

  test('without a mask, every field that is set', async () => {
    const before = await make()
    const { user } = await admin.users.updateUser({
      userId: before.id,
      user: { age: 0, role: 'USER_ROLE_EDITOR', metadata: { other: 'x' } },
    })
    expect(user).toMatchObject({
      ...before,
      age: 0,
      role: 'USER_ROLE_EDITOR',
      metadata: { other: 'x' },
      etag: '2',
      updatedAt: user!.updatedAt,
    })
  })

  test('a name and the like cannot be cleared', async () => {
    const { id } = await make()
    for (const path of ['name', 'email', 'role', 'plan', 'status'])
      expect(
        await failure(admin.users.updateUser({ userId: id, user: {}, updateMask: { paths: [path] } })),
      ).toMatchObject({ code: status.INVALID_ARGUMENT })
  })

  test('only where the etag is still the same; what is already so is not looked at again', async () => {
    const { id, etag } = await make()
    const update = (name: string, etag = '') => admin.users.updateUser({ userId: id, user: { name }, etag })
    const { user } = await update('Grace', etag)
    expect(await failure(update('Eve', etag))).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_MISMATCH',
    })
    expect(await update('Grace', etag)).toEqual({ user })
    expect(await admin.users.updateUser({ userId: id, user: user!, etag: 'none' })).toEqual({ user })
  })

  test('of 20 at once with one etag, one wins; of 20 without, none is lost', async () => {
    const { id, etag } = await make()
    const update = (name: string, etag = '') => admin.users.updateUser({ userId: id, user: { name }, etag })
    const names = Array.from({ length: 20 }, (_, i) => `Ada ${i}`)
    const results = await Promise.allSettled(names.map((name) => update(name, etag)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await Promise.all(names.map((name) => update(`${name} again`)))
    expect((await admin.users.getUser({ userId: id })).user!.etag).toBe('22')
  })

  test('an address of e-mail that somebody else has', async () => {
    const [one, other] = [await make(), await make()]
    const update = (email: string) => admin.users.updateUser({ userId: one.id, user: { email } })
    expect(await failure(update(other.email.toUpperCase()))).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'EMAIL_TAKEN',
    })
    expect((await update(one.email.toUpperCase())).user!.email).toBe(one.email.toUpperCase())
  })

  test('oneself, and of that not everything; nobody else but administrators', async () => {
    const own = { name: 'Vi', age: 20, address: { city: 'Graz', countryCode: 'AT' }, metadata: { a: 'b' } }
    const { user } = await viewer.users.updateUser({ userId: viewer.id.toUpperCase(), user: own })
    expect(user).toMatchObject({ ...own, address: expect.objectContaining(own.address) })
    // As it came, with a new name: what is not the user's to change stays what it is.
    await viewer.users.updateUser({ userId: viewer.id, user: { ...user!, name: 'Viv' } })
    for (const forbidden of [
      { role: 'USER_ROLE_ADMIN' },
      { plan: 'USER_PLAN_PRO' },
      { status: 'USER_STATUS_INACTIVE' },
      { email: 'vi@example.org' },
      { tags: ['x'] },
    ] as const)
      expect(
        await failure(
          viewer.users.updateUser({ userId: viewer.id, user: { ...forbidden, name: 'V' } as object }),
        ),
      ).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'FIELD_NOT_PERMITTED' })
    expect((await viewer.users.getUser({ userId: viewer.id })).user!.name).toBe('Viv')
    for (const one of [editor, viewer])
      expect(await failure(one.users.updateUser({ userId: admin.id, user: { name: 'x' } }))).toMatchObject({
        code: status.NOT_FOUND,
        reason: 'USER_NOT_FOUND',
      })
    expect(
      await failure(admin.users.updateUser({ userId: randomUUID(), user: { name: 'x' } })),
    ).toMatchObject({ code: status.NOT_FOUND })
  })

  test('who is suspended cannot go on with a refresh token', async () => {
    const suspended = await person('VIEWER')
    await admin.users.updateUser({ userId: suspended.id, user: { status: 'USER_STATUS_SUSPENDED' } })
    const { refreshToken } = suspended.tokens
    expect(await failure(auth.refreshToken({ refreshToken }))).toMatchObject({ code: status.UNAUTHENTICATED })
    await admin.users.updateUser({ userId: suspended.id, user: { status: 'USER_STATUS_ACTIVE' } })
    expect(await failure(auth.refreshToken({ refreshToken }))).toMatchObject({ code: status.UNAUTHENTICATED })
    await auth.signIn(suspended)
  })
})

describe('DeleteUser', () => {
  test('for good, with every token; a second time there is nobody', async () => {
    const gone = await person('VIEWER')
    expect(await failure(admin.users.deleteUser({ userId: gone.id, etag: '7' }))).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_MISMATCH',
    })
    await admin.users.deleteUser({ userId: gone.id.toUpperCase(), etag: '1' })
    expect(await failure(admin.users.deleteUser({ userId: gone.id }))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'USER_NOT_FOUND',
    })
    expect(await failure(admin.users.getUser({ userId: gone.id }))).toMatchObject({ code: status.NOT_FOUND })
    const { refreshToken } = gone.tokens
    expect(await failure(auth.refreshToken({ refreshToken }))).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(await failure(auth.signIn(gone))).toMatchObject({ code: status.UNAUTHENTICATED })
  })
})

describe('ListUsers', () => {
  test('pages through all that fit the filter, each once, oldest first', async () => {
    const tag = randomUUID()
    const ids: string[] = []
    for (let i = 0; i < 7; i++) {
      const { user } = await admin.users.createUser({ ...newUser(), tags: [tag] })
      ids.push(user!.id)
    }
    const seen: string[] = []
    for (let pageToken = ''; ;) {
      const page = await editor.users.listUsers({ pageSize: 3, pageToken, filter: { tag } })
      seen.push(...page.users.map(({ id }) => id))
      if (!(pageToken = page.nextPageToken)) break
    }
    expect(seen).toEqual(ids.toSorted())
  })

  test('a page token belongs to its filter', async () => {
    const { nextPageToken } = await editor.users.listUsers({ pageSize: 1 })
    expect(nextPageToken).not.toBe('')
    expect(
      await failure(editor.users.listUsers({ pageToken: nextPageToken, filter: { tag: 'other' } })),
    ).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' })
  })

  test('searches for text, not for patterns', async () => {
    const { user } = await admin.users.createUser({ ...newUser(), name: '100%_\\ sure' })
    const search = async (text: string) => (await editor.users.listUsers({ filter: { search: text } })).users
    expect((await search('0%_\\ S')).map(({ id }) => id)).toEqual([user!.id])
    expect(await search('1_0%%')).toEqual([])
  })
})

test('only whom the contract lets in', async () => {
  const nobody = server.client(UserService)
  expect(await failure(nobody.listUsers({}))).toMatchObject({ code: status.UNAUTHENTICATED })
  expect(await failure(viewer.users.listUsers({}))).toMatchObject({ code: status.PERMISSION_DENIED })
  expect(await failure(editor.users.createUser(newUser()))).toMatchObject({ code: status.PERMISSION_DENIED })
})

test.each([
  ['a list', (options: CallOptions) => editor.users.listUsers({}, options)],
  ['a create', (options: CallOptions) => admin.users.createUser(newUser(), options)],
  [
    'an update',
    (options: CallOptions) => admin.users.updateUser({ userId: editor.id, user: { age: 7 } }, options),
  ],
])(
  '%s that nobody waits for any more ends in the database, too',
  (_, call) => expectToEndWhileLocked(service, 'users', call),
  25_000,
)
