import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import type { BatchCreateUsersRequest, CreateUserRequest } from '@quartet/proto/user'
import { failure } from '@quartet/testing'
import { fullUser, newUser, testService } from './testing/people.ts'

const service = await testService()
const admin = await service.person('ADMIN')
const stopping = new AbortController()
afterAll(async () => {
  stopping.abort()
  await service.stop()
})

async function* send(users: readonly CreateUserRequest[], ...rest: BatchCreateUsersRequest[]) {
  for (const user of users) yield { user }
  yield* rest
}
const create = (users: readonly CreateUserRequest[]) =>
  admin.users.batchCreateUsers(send(users, { commit: { count: users.length } }))
const many = (count: number, fields: Partial<CreateUserRequest> = {}) => {
  const domain = `${randomUUID()}.example.org`
  return Array.from({ length: count }, (_, i) => ({ name: `Many ${i}`, email: `${i}@${domain}`, ...fields }))
}
const count = async (table: string) =>
  (await service.pool.query(`select count(*)::int from ${table}`)).rows[0].count as number
const nothingPutAside = async () => {
  while (await count('user_drafts')) await delay(5)
}

test('those who can be created are, with all fields; the others are listed with what CreateUser says', async () => {
  const taken = newUser()
  await admin.users.createUser(taken)
  const full = fullUser()
  const plain = newUser()
  const users = [
    full,
    { ...newUser(), name: '' },
    plain,
    { ...plain, email: plain.email.toUpperCase() },
    { ...taken, email: taken.email.toUpperCase() },
    { name: 'x'.repeat(101), email: 'no address', age: 200 },
  ]
  const answer = await create(users)
  expect(answer).toMatchObject({ createdCount: 2, failedCount: 4 })
  const { password: _, ...visible } = full
  expect(answer.createdUsers).toMatchObject([
    { ...visible, status: 'USER_STATUS_ACTIVE', etag: '1' },
    { ...plain, role: 'USER_ROLE_VIEWER', plan: 'USER_PLAN_FREE', address: null },
  ])
  expect(answer.failures.map(({ index, email, status }) => [index, email, status!.code])).toEqual([
    [1, users[1]!.email, status.INVALID_ARGUMENT],
    [3, users[3]!.email, status.ALREADY_EXISTS],
    [4, users[4]!.email, status.ALREADY_EXISTS],
    [5, 'no address', status.INVALID_ARGUMENT],
  ])
  expect(answer.failures[3]!.status!.message).toMatch(/name: .*email: .*age: /)
  for (const user of answer.createdUsers)
    expect(await admin.users.getUser({ userId: user.id })).toEqual({ user })
  await service.auth.signIn({ email: full.email, password: full.password })
  await nothingPutAside()
})

test('many: counted to the last, the first thousand named', async () => {
  const users = many(2_300)
  const answer = await create([...users, ...users.slice(0, 1_200)])
  expect(answer).toMatchObject({ createdCount: 2_300, failedCount: 1_200 })
  expect(answer.createdUsers.map(({ email }) => email)).toEqual(
    users.slice(0, 1_000).map(({ email }) => email),
  )
  expect(answer.failures.map(({ index }) => index)).toEqual(
    Array.from({ length: 1_000 }, (_, i) => 2_300 + i),
  )
})

test('an answer fits into what a client takes, however large the users and their mistakes', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`key ${i}`, 'x'.repeat(512)]))
  const answer = await create([...many(300, { metadata }), ...many(40, { email: 'x'.repeat(20_000) })])
  expect(answer).toMatchObject({ createdCount: 300, failedCount: 40 })
  expect(answer.createdUsers.length).toBeGreaterThan(10)
  expect(answer.failures[0]!.email).toHaveLength(254)
})

describe('nothing is kept', () => {
  const before = () => count('users')
  test.each<[string, (users: CreateUserRequest[]) => AsyncIterable<BatchCreateUsersRequest>, string]>([
    ['without a commit', (users) => send(users), 'COMMIT_MISSING'],
    [
      'when it counts other than what came',
      (users) => send(users, { commit: { count: 3 } }),
      'COMMIT_MISMATCH',
    ],
    [
      'when something follows it',
      (users) => send(users, { commit: { count: 400 } }, { user: newUser() }),
      'MESSAGE_AFTER_COMMIT',
    ],
  ])('%s', async (_, requests, reason) => {
    const were = await before()
    expect(await failure(admin.users.batchCreateUsers(requests(many(400))))).toMatchObject({ reason })
    expect(await count('users')).toBe(were)
    await nothingPutAside()
  })

  const value = 'x'.repeat(512)
  test.each([
    ['5,000 users', 5_001, {}],
    ['8 MiB', 600, { metadata: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}`, value])) }],
  ])('when it is more than %s', async (_, users, fields) => {
    const were = await before()
    expect(await failure(create(many(users, fields)))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'BATCH_TOO_LARGE',
    })
    expect(await count('users')).toBe(were)
    await nothingPutAside()
  })

  test('when it is cancelled on the way', async () => {
    const were = await before()
    const cancelled = new AbortController()
    async function* requests() {
      yield* send(many(400))
      while (!(await count('user_drafts'))) await delay(5)
      cancelled.abort()
      await delay(1_000_000, undefined, { signal: cancelled.signal }).catch(() => {})
    }
    const batch = admin.users.batchCreateUsers(requests(), { signal: cancelled.signal })
    expect(await failure(batch)).toMatchObject({ code: status.CANCELLED })
    await nothingPutAside()
    expect(await count('users')).toBe(were)
  })

  test('when the database has lost what was put aside', async () => {
    const were = await before()
    async function* requests() {
      yield* send(many(300))
      while (!(await count('user_drafts'))) await delay(5)
      await service.pool.query('truncate user_drafts')
      yield { commit: { count: 300 } }
    }
    expect(await failure(admin.users.batchCreateUsers(requests()))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'BATCH_LOST',
    })
    expect(await count('users')).toBe(were)
  })
})

test('while a batch waits for its client nobody waits for the batch; then those who watch see it, in its order', async () => {
  const watch = admin.users.watchUsers({}, { signal: stopping.signal })[Symbol.asyncIterator]()
  await watch.next()
  const next = async () => (await watch.next()).value.user?.email as string | undefined
  const users = many(300)
  const other = newUser()
  async function* requests() {
    yield* send(users)
    while (!(await count('user_drafts'))) await delay(5)
    // The stream is open, users of it are in the database, and the change of somebody else arrives.
    await admin.users.createUser(other)
    expect(await next()).toBe(other.email)
    yield { commit: { count: users.length } }
  }
  const { createdUsers } = await admin.users.batchCreateUsers(requests())
  const seen = []
  while (seen.length < users.length) seen.push((await watch.next()).value)
  expect(seen.map(({ user }) => user.email)).toEqual(users.map(({ email }) => email))
  expect(seen[0]).toMatchObject({ change: 'USER_CHANGE_CREATED', user: createdUsers[0] })
})

test('batches at once that have addresses in common do not stand in each other’s way', async () => {
  const users = many(500)
  const answers = await Promise.all([create(users), create(users.toReversed()), create(users), create(users)])
  expect(answers.reduce((sum, { createdCount }) => sum + createdCount, 0)).toBe(500)
  expect(answers.reduce((sum, { failedCount }) => sum + failedCount, 0)).toBe(1_500)
})
