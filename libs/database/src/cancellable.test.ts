import { setTimeout as delay } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import { cancellable } from './cancellable.ts'
import { isCancelled } from './errors.ts'
import { createPool } from './pool.ts'

const url = process.env['TEST_DATABASE_URL']!
const onError = () => {}
const observer = createPool({ url, name: 'cancel-observer', onError })
const pool = createPool({ url, name: 'cancel-test', max: 1, onError })
afterAll(() => Promise.all([observer.end(), pool.end()]))

const never = new AbortController().signal
const inAMinute = () => Date.now() + 60_000

/** How many statements of the pool the server is running. */
const running = async () => {
  const { rows } = await observer.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity 
      where application_name = 'cancel-test' and state = 'active' and query like '%pg_sleep%'`,
  )
  return rows[0]!.count
}

const setting = async (client: PoolClient) =>
  (await client.query<{ statement_timeout: string }>('show statement_timeout')).rows[0]!.statement_timeout

test('an abort ends the query that the server is running', async () => {
  const controller = new AbortController()
  const ended = Promise.withResolvers<unknown>()
  const sleeping = cancellable(pool, { signal: controller.signal, deadline: inAMinute() }, async (client) => {
    const query = client.query('select pg_sleep(60)')
    query.catch(ended.resolve)
    await query
  })
  while ((await running()) === 0) await delay(5)
  controller.abort(new Error('nobody waits'))
  await expect(sleeping).rejects.toThrow('nobody waits')
  // Not its time, which would end it too.
  expect(await ended.promise).toMatchObject({ message: 'canceling statement due to user request' })
})

test('the deadline reaches the server, and does not outlive the call', async () => {
  const late = cancellable(pool, { signal: never, deadline: Date.now() + 50 }, (client) =>
    client.query('select pg_sleep(60)'),
  )
  expect(await late.catch(isCancelled)).toBe(true)
  const passed = cancellable(pool, { signal: never, deadline: Date.now() - 1_000 }, (client) =>
    client.query('select pg_sleep(60)'),
  )
  expect(await passed.catch(isCancelled)).toBe(true)
  const client = await pool.connect()
  expect(await setting(client)).toBe('30s')
  client.release()
})

test('the limit of the pool holds for a deadline that is further off', async () => {
  expect(await cancellable(pool, { signal: never, deadline: Infinity }, setting)).toBe('30s')
  expect(await cancellable(pool, { signal: never, deadline: Date.now() + 10 * 60_000 }, setting)).toBe('30s')
})

test('a transaction that is cut off is rolled back', async () => {
  const cut = cancellable(pool, { signal: never, deadline: inAMinute() }, async (client) => {
    await client.query('begin')
    await client.query('create table never_made ()')
    throw new Error('cut off')
  })
  await expect(cut).rejects.toThrow('cut off')
  const client = await pool.connect()
  expect(client.getTransactionStatus()).toBe('I')
  expect((await client.query(`select to_regclass('never_made') as made`)).rows).toEqual([{ made: null }])
  client.release()
})

test('whoever waits for a connection stops waiting, and the connection is not lost', async () => {
  const client = await pool.connect()
  const controller = new AbortController()
  const waiting = cancellable(pool, { signal: controller.signal, deadline: inAMinute() }, (client) =>
    client.query('select 1'),
  )
  controller.abort(new Error('nobody waits'))
  await expect(waiting).rejects.toThrow('nobody waits')
  client.release()
  await pool.query('select 1')
})

test('a cancel that comes late never hits the next user of the connection', async () => {
  for (let round = 0; round < 200; round++) {
    const controller = new AbortController()
    const call = cancellable(pool, { signal: controller.signal, deadline: inAMinute() }, async (client) => {
      const answer = client.query('select 1')
      // The cancel sets out while the answer is on its way, or when it is there.
      if (round % 2) setImmediate(() => controller.abort())
      await answer
      controller.abort()
    }).catch(() => {})
    // There is one connection: this query gets it as soon as the call gives it back.
    await Promise.all([call, pool.query('select pg_sleep(0.003)')])
  }
})
