import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { SyncUsersRequest, SyncUsersResponse__Output } from '@quartet/proto/user'
import { failure } from '@quartet/testing'
import { newUser, testService } from './testing/people.ts'

const service = await testService()
const admin = await service.person('ADMIN')
afterAll(() => service.stop())

type Update = NonNullable<SyncUsersRequest['update']>

const sync = async (...updates: readonly Update[]) => {
  async function* requests() {
    for (const [sequence, update] of updates.entries()) yield { sequence: sequence * 10, update }
  }
  const answers: SyncUsersResponse__Output[] = []
  for await (const answer of admin.users.syncUsers(requests())) answers.push(answer)
  return answers
}
const outcomes = (answers: readonly SyncUsersResponse__Output[]) =>
  answers.map(({ sequence, outcome, status }) => [
    Number(sequence),
    outcome.replace('SYNC_OUTCOME_', ''),
    status?.code ?? 0,
  ])

test('creates, changes and leaves alone; an answer for each update, in their order', async () => {
  const user = { ...newUser(), role: 'USER_ROLE_EDITOR', status: 'USER_STATUS_INACTIVE', age: 3 } as const
  const [created] = await sync({ user })
  expect(created).toMatchObject({
    outcome: 'SYNC_OUTCOME_CREATED',
    user: { ...user, etag: '1' },
    status: null,
  })
  const userId = created!.user!.id
  const answers = await sync(
    { userId: userId.toUpperCase(), user: { age: 4 } },
    { userId, user: { age: 4 } },
    { userId, user: {}, updateMask: { paths: ['age'] }, etag: '2' },
  )
  expect(outcomes(answers)).toEqual([
    [0, 'UPDATED', 0],
    [10, 'UNCHANGED', 0],
    [20, 'UPDATED', 0],
  ])
  expect(answers[2]!.user).not.toHaveProperty('age')
  expect(answers[2]!.user).toEqual((await admin.users.getUser({ userId })).user)
})

test('what is wrong with one is its answer, and the others are done', async () => {
  const taken = newUser()
  const [one] = await sync({ user: taken })
  const userId = one!.user!.id
  await admin.users.updateUser({ userId, user: { age: 5 } })
  const answers = await sync(
    { user: taken },
    { user: { ...newUser(), name: '' } },
    { userId, user: { email: 'no address' } },
    { userId, user: { name: 'x' }, updateMask: { paths: ['name', 'email'] } },
    { userId },
    {},
    { userId: randomUUID(), user: { age: 1 } },
    { userId, user: { email: admin.email } },
    { userId, user: { age: 6 }, etag: '1' },
    { userId, user: { age: 6 }, etag: '2' },
  )
  expect(outcomes(answers)).toEqual([
    [0, 'FAILED', status.ALREADY_EXISTS],
    [10, 'FAILED', status.INVALID_ARGUMENT],
    [20, 'FAILED', status.INVALID_ARGUMENT],
    [30, 'FAILED', status.INVALID_ARGUMENT],
    [40, 'FAILED', status.INVALID_ARGUMENT],
    [50, 'FAILED', status.INVALID_ARGUMENT],
    [60, 'FAILED', status.NOT_FOUND],
    [70, 'FAILED', status.ALREADY_EXISTS],
    [80, 'CONFLICT', status.ABORTED],
    [90, 'UPDATED', 0],
  ])
  expect(answers[8]!.user).toMatchObject({ age: 5, etag: '2' })
  expect(answers.slice(0, 8).every(({ user }) => user === null)).toBe(true)
})

test('each is stored when it is answered: what was sent before a stream was cut stays', async () => {
  const users = [newUser(), newUser()]
  const cut = new AbortController()
  async function* requests() {
    for (const user of users) yield { update: { user } }
    await new Promise((resolve) => cut.signal.addEventListener('abort', resolve))
  }
  const answers = admin.users.syncUsers(requests(), { signal: cut.signal })[Symbol.asyncIterator]()
  const { value: first } = await answers.next()
  const { value: second } = await answers.next()
  cut.abort()
  expect(await failure(answers.next())).toMatchObject({ code: status.CANCELLED })
  for (const { user } of [first, second] as SyncUsersResponse__Output[])
    expect((await admin.users.getUser({ userId: user!.id })).user).toEqual(user)
})
