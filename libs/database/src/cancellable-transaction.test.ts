import { setTimeout as delay } from 'node:timers/promises'
import { cancellableTransaction } from './cancellable-transaction.ts'
import { isCancelled } from './errors.ts'
import type { RawTransaction } from './idempotency.ts'
import { createPool } from './pool.ts'
import { transactions } from './testing/transactions.ts'

const url = process.env['TEST_DATABASE_URL']!
const onError = () => {}
const observer = createPool({ url, name: 'transaction-observer', onError })
const pool = createPool({ url, name: 'transaction-test', max: 1, onError })
afterAll(() => Promise.all([observer.end(), pool.end()]))

const prisma = { $transaction: transactions(pool) }
const never = new AbortController().signal
const inAMinute = () => Date.now() + 60_000
const sleep = async (tx: RawTransaction) => tx.$queryRaw`select pg_sleep(60)`

const running = async () => {
  const text = `select from pg_stat_activity where application_name = 'transaction-test' and query like '%pg_sleep%'
    and state = 'active'`
  return (await observer.query(text)).rowCount! > 0
}

test('an abort ends the statement that the server is running', async () => {
  const controller = new AbortController()
  const wait = { signal: controller.signal, deadline: inAMinute() }
  const ended = Promise.withResolvers<unknown>()
  const sleeping = cancellableTransaction(prisma, pool, wait, async (tx) => {
    const statement = sleep(tx)
    statement.catch(ended.resolve)
    await statement
  })
  while (!(await running())) await delay(5)
  controller.abort(new Error('nobody waits'))
  await expect(sleeping).rejects.toThrow('nobody waits')
  // Not its time, which would end it too.
  expect(await ended.promise).toMatchObject({ message: 'canceling statement due to user request' })
})

test('the deadline reaches the server, and does not outlive the transaction', async () => {
  const late = cancellableTransaction(prisma, pool, { signal: never, deadline: Date.now() + 50 }, sleep)
  expect(await late.catch(isCancelled)).toBe(true)
  expect((await pool.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '30s' }])
})

test('what nobody waits for any more when it begins is not done', async () => {
  const wait = { signal: AbortSignal.abort(new Error('gone')), deadline: inAMinute() }
  let done = false
  const work = async () => void (done = true)
  await expect(cancellableTransaction(prisma, pool, wait, work)).rejects.toThrow('gone')
  expect(done).toBe(false)
})

test('a cancel that comes late never hits the next user of the connection', async () => {
  for (let round = 0; round < 200; round++) {
    const controller = new AbortController()
    const wait = { signal: controller.signal, deadline: inAMinute() }
    const call = cancellableTransaction(prisma, pool, wait, async (tx) => {
      const answer = tx.$queryRaw`select 1`
      // The cancel sets out while the answer is on its way, or when it is there.
      if (round % 2) setImmediate(() => controller.abort())
      await answer
      controller.abort()
    }).catch(() => {})
    // There is one connection: this query gets it as soon as the transaction gives it back.
    await Promise.all([call, pool.query('select pg_sleep(0.003)')])
  }
})
