import { createPool } from './pool.ts'
import { scratchDatabase } from './testing/scratch-database.ts'
import { transaction } from './transaction.ts'

const database = scratchDatabase()
const pool = createPool({ url: database.url, name: 'transaction-test', max: 1, onError: () => {} })
beforeAll(async () => {
  await database.create()
  await pool.query('create table things (name text primary key)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const names = async () =>
  (await pool.query<{ name: string }>('select name from things order by name')).rows.map(({ name }) => name)

test('what work did is kept when it resolves, and none of it when it throws', async () => {
  const result = await transaction(pool, async (tx) => {
    await tx.query(`insert into things values ('kept')`)
    return 'done'
  })
  expect(result).toBe('done')
  const failed = transaction(pool, async (tx) => {
    await tx.query(`insert into things values ('lost')`)
    throw new Error('no')
  })
  await expect(failed).rejects.toThrow('no')
  expect(await names()).toEqual(['kept'])
})

test('work that goes on after a statement failed is not taken for done', async () => {
  const swallowed = transaction(pool, async (tx) => {
    await tx.query(`insert into things values ('also lost')`)
    await tx.query('select 1 / 0').catch(() => {})
  })
  await expect(swallowed).rejects.toThrow('nothing was kept')
  expect(await names()).not.toContain('also lost')
})

test('a connection that broke is replaced', async () => {
  const broken = transaction(pool, (tx) => tx.query('select pg_terminate_backend(pg_backend_pid())'))
  await expect(broken).rejects.toThrow()
  expect(await names()).toContain('kept')
})
