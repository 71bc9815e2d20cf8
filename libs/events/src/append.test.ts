import { inTransaction } from '@quartet/database'
import { append } from './append.ts'
import { event, eventsDatabase } from './testing/feed.ts'

const database = await eventsDatabase()
const { pool } = database
afterAll(() => database.drop())

const stored = async () =>
  (await pool.query('select id, kind, subject, data, occurred_at from events order by tx, seq')).rows

test('in a transaction of pg and in one of Prisma', async () => {
  await inTransaction(pool, (tx) => append(tx, [event(1), event(2)]))
  await inTransaction(pool, (tx) =>
    append(
      {
        $queryRaw: () => Promise.reject(new Error('not asked')),
        $executeRaw: async (parts, ...values) =>
          (
            await tx.query(
              parts.reduce((sql, part, i) => `${sql}$${i}${part}`),
              values,
            )
          ).rowCount ?? 0,
      },
      [event(3)],
    ),
  )
  expect((await stored()).map(({ data }) => data.number)).toEqual([1, 2, 3])
})

test('what is written is what is read, whatever it holds', async () => {
  await pool.query('truncate events')
  const data = { text: `'"\\ %s $1 \u2028 😀`, nothing: null, list: [1, 'a', { deep: true }], number: 1.5 }
  const subject = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
  await inTransaction(pool, (tx) => append(tx, [{ kind: 'odd', subject, data }]))
  const [row] = await stored()
  expect(row).toMatchObject({ kind: 'odd', subject, data })
  expect(row.id).toMatch(/^[0-9a-f-]{14}7/)
  expect(Math.abs(row.occurred_at - Date.now())).toBeLessThan(60_000)
})

test('nothing to write is no statement, and a thousand are one', async () => {
  await pool.query('truncate events')
  await inTransaction(pool, async (tx) => {
    await append(tx, [])
    await append(
      tx,
      Array.from({ length: 1_000 }, (_, i) => event(i)),
    )
  })
  const numbers = (await stored()).map(({ data }) => data.number)
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect(numbers).toHaveLength(1_000)
})
