import { inTransaction } from './in-transaction.ts'
import { createPool } from './pool.ts'
import { scratchDatabase } from './testing/scratch-database.ts'

const database = scratchDatabase()
const pool = createPool({ url: database.url, name: 'in-transaction', max: 1, onError: () => {} })
beforeAll(async () => {
  await database.create()
  await pool.query('create table things (name text)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})
const names = async () => (await pool.query('select name from things')).rows.map(({ name }) => name)

test('commits what resolves and rolls back what throws', async () => {
  const result = await inTransaction(pool, async (tx) => {
    await tx.query(`insert into things values ('kept')`)
    return 'result'
  })
  expect(result).toBe('result')
  const failing = inTransaction(pool, async (tx) => {
    await tx.query(`insert into things values ('lost')`)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await names()).toEqual(['kept'])
})

test('a connection that broke is not lent out again, and the first error is told', async () => {
  const failing = inTransaction(pool, async (tx) => {
    await tx.query('select pg_terminate_backend(pg_backend_pid())').catch(() => {})
    throw new Error('what went wrong')
  })
  await expect(failing).rejects.toThrow('what went wrong')
  expect(await names()).toEqual(['kept'])
})

test('work that goes on after a statement failed is not taken for done', async () => {
  const swallowing = inTransaction(pool, async (tx) => {
    await tx.query(`insert into things values ('lost')`)
    await tx.query('select 1 / 0').catch(() => {})
  })
  await expect(swallowing).rejects.toThrow('nothing was kept')
  expect(await names()).toEqual(['kept'])
})
