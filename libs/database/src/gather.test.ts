import { gather } from './gather.ts'

/** Rows for even numbers only; remembers what was asked for. */
const evens = () => {
  const queries: string[][] = []
  const read = gather(async (ids: string[]) => {
    queries.push(ids)
    if (ids.includes('broken')) throw new Error('no answer')
    return new Map(ids.filter((id) => Number(id) % 2 === 0).map((id) => [id, { id }]))
  })
  return { queries, read }
}

test('what is asked for in one turn is one query, each id once', async () => {
  const { queries, read } = evens()
  const rows = await Promise.all(['2', '4', '5', '2'].map(read))
  expect(rows).toEqual([{ id: '2' }, { id: '4' }, undefined, { id: '2' }])
  expect(queries).toEqual([['2', '4', '5']])
})

test('a later turn asks again, also while the first answer is on its way', async () => {
  const { queries, read } = evens()
  const first = read('2')
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([first, read('2')])
  expect(queries).toEqual([['2'], ['2']])
})

test('a query that fails fails its own callers and nobody else', async () => {
  const { read } = evens()
  const together = [read('broken'), read('2')]
  await expect(together[0]).rejects.toThrow('no answer')
  await expect(together[1]).rejects.toThrow('no answer')
  await expect(read('2')).resolves.toEqual({ id: '2' })
})

test('no query asks for more than 1,000 ids', async () => {
  const { queries, read } = evens()
  const ids = Array.from({ length: 2_500 }, (_, index) => `${index}`)
  const rows = await Promise.all(ids.map(read))
  expect(queries.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
  expect(rows.filter(Boolean)).toHaveLength(1_250)
})
