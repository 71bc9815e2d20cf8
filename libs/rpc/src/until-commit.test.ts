import { status } from '@grpc/grpc-js'
import { collect, failure, serve } from './testing/serve.ts'
import { itemsUntilCommit, untilCommit } from './until-commit.ts'

let served: Awaited<ReturnType<typeof serve>> | undefined
afterEach(() => served?.close())

async function* stream<T>(...messages: T[]): AsyncGenerator<T> {
  yield* messages
}
interface Request {
  payload: 'start' | 'user' | 'commit'
  user?: { name: string }
  commit?: { count: number }
}
const user = (name: string): Request => ({ payload: 'user', user: { name } })
const commit = (count: number): Request => ({ payload: 'commit', commit: { count } })
const items = (...messages: Request[]) => collect(itemsUntilCommit(stream(...messages), 'user'))

test('items come out in order, and the commit counts them', async () => {
  expect(await items(user('a'), user('b'), commit(2))).toEqual([{ name: 'a' }, { name: 'b' }])
  expect(await items(commit(0))).toEqual([])
})

test.each([
  ['no message', [], status.FAILED_PRECONDITION, 'COMMIT_MISSING'],
  ['no commit', [user('a')], status.FAILED_PRECONDITION, 'COMMIT_MISSING'],
  ['a commit that counts more', [user('a'), commit(2)], status.FAILED_PRECONDITION, 'COMMIT_MISMATCH'],
  ['a commit that counts less', [user('a'), commit(0)], status.FAILED_PRECONDITION, 'COMMIT_MISMATCH'],
  ['a message behind', [commit(0), user('a')], status.INVALID_ARGUMENT, 'MESSAGE_AFTER_COMMIT'],
  ['two commits', [commit(0), commit(0)], status.INVALID_ARGUMENT, 'MESSAGE_AFTER_COMMIT'],
  ['neither', [{ payload: 'start' } as const, commit(0)], status.INVALID_ARGUMENT, 'MESSAGE_UNEXPECTED'],
])('%s is refused', async (_, messages, code, reason) => {
  expect(await failure(items(...messages))).toMatchObject({ code, reason })
})

test('whole requests come with the commit last, once nothing follows it', async () => {
  const read: string[] = []
  const messages = async () => {
    for await (const { payload } of untilCommit(stream(user('a'), commit(1), user('b')))) read.push(payload)
  }
  expect(await failure(messages())).toMatchObject({ reason: 'MESSAGE_AFTER_COMMIT' })
  expect(read).toEqual(['user'])
  expect(await collect(untilCommit(stream(user('a'), commit(7))))).toEqual([user('a'), commit(7)])
})

test('over the wire, after a first message that was read apart', async () => {
  served = await serve({
    async batchCreateUsers(requests) {
      const { value: first } = await requests[Symbol.asyncIterator]().next()
      const rest = await collect(itemsUntilCommit(requests, 'user'))
      return { createdCount: rest.length, createdUsers: [{ name: first?.user?.name }] }
    },
  })
  const sent = (name: string) => ({ user: { name, email: 'e@example.org' } })
  const answer = await served!.client.batchCreateUsers(
    stream<object>(sent('a'), sent('b'), sent('c'), { commit: { count: 2 } }),
  )
  expect(answer).toMatchObject({ createdCount: 2, createdUsers: [{ name: 'a' }] })
})
