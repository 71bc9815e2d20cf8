import { setImmediate as turn } from 'node:timers/promises'
import { failure } from '@quartet/testing'
import { inBatches } from './in-batches.ts'

test('gathers what is asked for in a turn, and what comes while a batch runs, for each key in order', async () => {
  const batches: string[] = []
  const held = Promise.withResolvers<void>()
  const ask = inBatches<number, number>(async (key, items) => {
    batches.push(`${key}: ${items.join(' ')}`)
    if (batches.length === 1) await held.promise
    return items.map((item) => item * 10)
  }, 3)
  const first = [1, 2].map((item) => ask('a', item))
  const other = ask('b', 7)
  expect(await other).toBe(70)
  const more = [3, 4, 5, 6].map((item) => ask('a', item))
  await turn()
  expect(batches).toEqual(['a: 1 2', 'b: 7'])
  held.resolve()
  expect(await Promise.all([...first, ...more])).toEqual([10, 20, 30, 40, 50, 60])
  expect(batches.slice(2)).toEqual(['a: 3 4 5', 'a: 6'])
})

test('a batch that fails fails its own callers, and the next one runs', async () => {
  let failing = true
  const ask = inBatches<number, number>(async (_, items) => {
    if (failing) throw new Error('no')
    return items
  }, 10)
  const lost = [failure(ask('a', 1)), failure(ask('a', 2))]
  expect((await Promise.all(lost)).map((error) => (error as Error).message)).toEqual(['no', 'no'])
  failing = false
  expect(await ask('a', 3)).toBe(3)
})
