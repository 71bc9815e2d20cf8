import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { testDatabase } from './database.ts'

const server = new Client(process.env['TEST_DATABASE_URL'])
beforeAll(() => server.connect())
afterAll(() => server.end())

const templateInTheMaking = async () =>
  (await server.query(`select 1 from pg_database where datname like 'template\\_%' and not datistemplate`))
    .rowCount

test('any number at once get a database of their own, from migrations that ran once', async () => {
  const migrations = mkdtempSync(join(tmpdir(), 'quartet-template-'))
  mkdirSync(join(migrations, '1_init'))
  // What the table says is unknown to everybody before.
  writeFileSync(
    join(migrations, '1_init', 'migration.sql'),
    `create table made (id uuid default gen_random_uuid()); insert into made default values; select pg_sleep(0.1); -- ${migrations}`,
  )
  const one = testDatabase({ migrations })
  while (!(await templateInTheMaking())) await delay(5)
  const databases = await Promise.all([one, ...[2, 3].map(() => testDatabase({ migrations }))])
  const rows = () =>
    Promise.all(databases.map(async ({ pool }) => (await pool.query('select * from made')).rows))

  const [first, second, third] = await rows()
  expect(first).toHaveLength(1)
  expect(second).toEqual(first)
  expect(third).toEqual(first)

  await databases[0]!.pool.query('insert into made default values')
  expect((await rows()).map(({ length }) => length)).toEqual([2, 1, 1])

  await Promise.all(databases.map((database) => database.drop()))
  rmSync(migrations, { recursive: true })
})
