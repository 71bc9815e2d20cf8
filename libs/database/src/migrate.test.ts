import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { assertMigrated } from './assert-migrated.ts'
import { migrate } from './migrate.ts'
import { createPool } from './pool.ts'
import { scratchDatabase } from './testing/scratch-database.ts'
import { untilMigrated } from './until-migrated.ts'

const database = scratchDatabase()
const directory = mkdtempSync(join(tmpdir(), 'quartet-migrations-'))
const pool = createPool({ url: database.url, name: 'migrations', onError: () => {} })
afterAll(async () => {
  await pool.end()
  await database.drop()
  rmSync(directory, { recursive: true })
})

const write = (name: string, sql: string) => {
  mkdirSync(join(directory, name), { recursive: true })
  writeFileSync(join(directory, name, 'migration.sql'), sql)
}
const run = async () => {
  const lines: string[] = []
  const applied = await migrate({ url: database.url, directory, log: (line) => lines.push(line) })
  return { applied, lines }
}
const check = () => assertMigrated(pool, directory)

test('a folder without migrations is a mistake', async () => {
  await expect(run()).rejects.toThrow(`There are no migrations in ${directory}.`)
})

test('six at once make the database and apply each migration once', async () => {
  write('1_table', 'create table ran (n int);\nselect pg_sleep(0.05);')
  write(
    '2_rows',
    'insert into ran values (1);\r\ncreate function f() returns int as $$ select 1; $$ language sql;',
  )
  const runs = await Promise.all(Array.from({ length: 6 }, run))
  expect(runs.flatMap(({ applied }) => applied)).toEqual(['1_table', '2_rows'])
  expect((await pool.query('select * from ran')).rows).toEqual([{ n: 1 }])
  expect((await run()).applied).toEqual([])
  await expect(check()).resolves.toEqual([])
})

test('a database that lacks a migration is refused', async () => {
  write('3_broken', 'insert into ran values (2);\ninsert into missing values (2);')
  await expect(check()).rejects.toThrow('The database lacks the migration 3_broken: migrate it before')
})

test('a migration that fails leaves nothing, and is applied once it is mended', async () => {
  await expect(run()).rejects.toThrow('The migration 3_broken failed: relation "missing" does not exist.')
  expect((await pool.query('select * from ran')).rows).toEqual([{ n: 1 }])
  write('3_broken', 'insert into ran values (3);')
  expect((await run()).applied).toEqual(['3_broken'])
})

test('an index can be built concurrently, while another run waits', async () => {
  write('4_index', '-- Without a lock.\ncreate index concurrently ran_n on ran (n);')
  const runs = await Promise.all([run(), run()])
  expect(runs.flatMap(({ applied }) => applied)).toEqual(['4_index'])
})

test('one that cannot be taken back is left for somebody to look at', async () => {
  write('5_unique', 'create unique index concurrently twice on ran ((1));')
  await expect(run()).rejects.toThrow('The migration 5_unique failed: could not create unique index')
  const resolve = 'The migration 5_unique failed before it was through: repair what it left'
  await expect(run()).rejects.toThrow(resolve)
  await expect(check()).rejects.toThrow(resolve)
  await pool.query(`update _prisma_migrations set rolled_back_at = now() where migration_name = '5_unique'`)
  rmSync(join(directory, '5_unique'), { recursive: true })
  await expect(check()).resolves.toEqual([])
})

test('one that was edited later is mentioned, other line ends are not', async () => {
  write('1_table', 'create table ran (n bigint);')
  write(
    '2_rows',
    'insert into ran values (1);\ncreate function f() returns int as $$ select 1; $$ language sql;',
  )
  expect((await run()).lines).toEqual(['1_table was edited after it was applied'])
})

test('a schema that is newer than this version will do, and what is new is told', async () => {
  rmSync(join(directory, '4_index'), { recursive: true })
  await expect(check()).resolves.toEqual(['4_index'])
  expect((await run()).applied).toEqual([])
})

test('who waits for the schema says so once, and goes on when it is there', async () => {
  write('6_late', 'create table late (n int);')
  const lines: string[] = []
  const waiting = Promise.withResolvers<void>()
  const until = untilMigrated(pool, directory, (line) => {
    lines.push(line)
    waiting.resolve()
  })
  await waiting.promise
  await run()
  await until
  expect(lines).toEqual([expect.stringMatching(/^waits: The database lacks the migration 6_late/)])
})

test('a database that cannot be reached, and one that is not there, are named', async () => {
  const nobody = 'postgresql://127.0.0.1:1/none'
  await expect(migrate({ url: nobody, directory, log: () => {} })).rejects.toThrow(
    'PostgreSQL does not answer at 127.0.0.1:1: start it, or correct DATABASE_URL.',
  )
  const stranger = database.url.replace(/:[^:@]*@/, ':wrong@')
  await expect(migrate({ url: stranger, directory, log: () => {} })).rejects.toThrow(
    /^PostgreSQL refuses the password \(.*\): check user and password, or correct DATABASE_URL\.$/,
  )
  const missing = createPool({ url: scratchDatabase().url, name: 'missing', onError: () => {} })
  await expect(assertMigrated(missing, directory)).rejects.toThrow(
    /^PostgreSQL has no such database .*migrate first/,
  )
  await missing.end()
})

test('a user who may not make the database is told so', async () => {
  const admin = new Client(process.env['TEST_DATABASE_URL'])
  await admin.connect()
  const role = `poor_${process.pid}`
  await admin.query(`create role ${role} login password 'poor'`)
  const url = new URL(scratchDatabase().url)
  Object.assign(url, { username: role, password: 'poor' })
  await expect(migrate({ url: url.href, directory, log: () => {} })).rejects.toThrow(
    /is missing and cannot be made: permission denied to create database\.$/,
  )
  await admin.query(`drop role ${role}`)
  await admin.end()
})
