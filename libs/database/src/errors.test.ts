import { Client } from 'pg'
import {
  isCancelled,
  isCheckViolation,
  isConnectionFailure,
  isSchemaBehind,
  isUniqueViolation,
} from './errors.ts'

const client = new Client(process.env['TEST_DATABASE_URL'])
client.on('error', () => {})
beforeAll(() => client.connect())

const failureOf = (sql: string): Promise<unknown> =>
  client.query(sql).then(
    () => undefined,
    (error: unknown) => error,
  )

/** As Prisma 7.10 throws it. */
const prismaError = (code: string, cause: object) =>
  Object.assign(new Error('Prisma says much'), { code, meta: { driverAdapterError: { cause } } })

test('a unique violation is known by its constraint, from pg and from Prisma', async () => {
  await client.query(
    'create temporary table pair (a int constraint pair_a unique, b int constraint pair_b unique)',
  )
  await client.query('insert into pair values (1, 1)')
  const error = await failureOf('insert into pair values (1, 2)')
  expect(isUniqueViolation(error, 'pair_a')).toBe(true)
  expect(isUniqueViolation(error, 'pair_b')).toBe(false)

  const adapter = { originalCode: '23505', constraint: { index: 'pair_a' } }
  for (const code of ['P2002', 'P2010']) {
    expect(isUniqueViolation(prismaError(code, adapter), 'pair_a')).toBe(true)
    expect(isUniqueViolation(prismaError(code, adapter), 'pair_b')).toBe(false)
  }
  expect(isUniqueViolation(await failureOf('select 1 / 0'), 'pair_a')).toBe(false)
})

test('a check violation is known by its constraint, from pg and from Prisma', async () => {
  await client.query('create temporary table small (a int constraint small_a check (a < 10))')
  const error = (await failureOf('insert into small values (10)')) as Error
  expect(isCheckViolation(error, 'small_a')).toBe(true)
  expect(isCheckViolation(error, 'small')).toBe(false)

  const adapter = { originalCode: '23514', originalMessage: error.message }
  expect(isCheckViolation(prismaError('P2010', adapter), 'small_a')).toBe(true)
  expect(isCheckViolation(prismaError('P2010', adapter), 'small')).toBe(false)
  expect(isCheckViolation(await failureOf('select 1 / 0'), 'small_a')).toBe(false)
})

test('a statement that the server ended is known', async () => {
  await client.query('set statement_timeout = 1')
  expect(isCancelled(await failureOf('select pg_sleep(60)'))).toBe(true)
  await client.query('reset statement_timeout')
  expect(isCancelled(prismaError('P2010', { originalCode: '57014' }))).toBe(true)
  expect(isCancelled(new Error('cancelled'))).toBe(false)
})

test('a table or column that is not there is known', async () => {
  expect(isSchemaBehind(await failureOf('select 1 from nothing'))).toBe(true)
  expect(isSchemaBehind(await failureOf('select nothing from pg_class'))).toBe(true)
  expect(isSchemaBehind(prismaError('P2022', { originalCode: '42703' }))).toBe(true)
  expect(isSchemaBehind(prismaError('P2021', { kind: 'TableDoesNotExist' }))).toBe(true)
  expect(isSchemaBehind(await failureOf('select 1 / 0'))).toBe(false)
})

test('a connection that fails is known, whoever notices', async () => {
  expect(isConnectionFailure(await failureOf('select pg_terminate_backend(pg_backend_pid())'))).toBe(true)
  const refused = new Client('postgresql://127.0.0.1:1/none')
  expect(isConnectionFailure(await refused.connect().catch((error: unknown) => error))).toBe(true)
  expect(isConnectionFailure(prismaError('P1001', { kind: 'DatabaseNotReachable' }))).toBe(true)
  expect(isConnectionFailure(prismaError('P2028', {}))).toBe(true)
  expect(isConnectionFailure(prismaError('P2002', { originalCode: '23505' }))).toBe(false)
  expect(isConnectionFailure(undefined)).toBe(false)
})
