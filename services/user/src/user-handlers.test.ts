import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { failure, testDatabase, testServer } from '@quartet/testing'
import { createApp } from './app.ts'
import { hashPassword } from './password.ts'
import { UserRole } from './generated/prisma/enums.ts'

const database = await testDatabase({ migrations: join(import.meta.dirname, '../prisma/migrations') })
const app = await createApp(database.pool)
const server = await testServer(app.implementations, app.verify)
afterAll(async () => {
  server.close()
  await database.drop()
})

const password = 'correct horse battery'
const passwordHash = await hashPassword(password)
const auth = server.client(AuthService)

/** A user with a role, and clients that call as that user. */
const person = async (role: UserRole) => {
  const email = `${role}-${randomUUID()}@example.org`.toLowerCase()
  const created = await app.users.create({
    name: role,
    email,
    age: null,
    role,
    plan: 'FREE',
    tags: [],
    metadata: {},
    address: null,
    passwordHash,
  })
  if ('problem' in created) throw new Error(created.problem)
  const { tokens } = await auth.signIn({ email, password })
  return { id: created.user.id, users: server.client(UserService, tokens!.accessToken) }
}
const admin = await person('ADMIN')
const editor = await person('EDITOR')
const viewer = await person('VIEWER')

const newUser = () => ({ name: 'Ada', email: `${randomUUID()}@example.org` })

describe('CreateUser', () => {
  test('stores every field, and nothing of the password comes back', async () => {
    const request = {
      ...newUser(),
      password: 'a password of hers',
      age: 36,
      role: 'USER_ROLE_EDITOR',
      plan: 'USER_PLAN_PRO',
      tags: ['one', 'two'],
      metadata: { team: 'engine' },
      address: { streetAddress: '12 St James’s Square', city: 'London', countryCode: 'GB' },
    } as const
    const { user } = await admin.users.createUser({ ...request, tags: [...request.tags] })
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
    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.users.createUser(request)))
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
