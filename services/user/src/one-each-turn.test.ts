import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import type { InterceptedCall } from '@quartet/rpc'
import { failure } from '@quartet/testing'
import { oneEachTurn } from './one-each-turn.ts'

const method = (wanted: string) => AuthService.methods.find(({ name }) => name === wanted)!
const arrive = (name = 'SignIn') => ({ method: method(name) }) as InterceptedCall
const aTurn = () => new Promise(setImmediate)

test('of those that come together one goes on each turn of the event loop, the first first', async () => {
  const turns = oneEachTurn([method('SignIn'), method('SignUp')], { most: 10 })
  const went: number[] = []
  const all = ['SignIn', 'SignUp', 'SignIn'].map(async (name, i) => {
    await turns.onCall!(arrive(name))
    went.push(i)
  })
  for (const expected of [[0], [0, 1], [0, 1, 2]]) {
    await aTurn()
    expect(went).toEqual(expected)
  }
  await Promise.all(all)
  await turns.onCall!(arrive())
})

test('other methods do not wait', () => {
  expect(oneEachTurn([method('SignIn')], { most: 0 }).onCall!(arrive('GetJwks'))).toBeUndefined()
})

test('past the most they are refused, which frees no place; the end of one that went on does', async () => {
  const turns = oneEachTurn([method('SignIn')], { most: 2 })
  const outcome = { code: status.OK }
  const calls = Array.from({ length: 4 }, () => arrive())
  const refusals = await Promise.all(calls.map((call) => failure(turns.onCall!(call) as Promise<void>)))
  const busy = expect.objectContaining({ code: status.RESOURCE_EXHAUSTED, reason: 'BUSY' })
  expect(refusals).toEqual([undefined, undefined, busy, busy])
  turns.onEnd!(calls[2]!, outcome)
  await expect(turns.onCall!(arrive())).rejects.toEqual(busy)
  turns.onEnd!(calls[0]!, outcome)
  await turns.onCall!(arrive())
  await expect(turns.onCall!(arrive())).rejects.toEqual(busy)
})
