import { once } from 'node:events'
import { Client } from 'pg'
import { createListener } from './listener.ts'
import { eventsDatabase } from './testing/feed.ts'

const database = await eventsDatabase()
const { url, pool } = database
const errors: Error[] = []
const listener = createListener({ url, name: 'test', onError: (error) => errors.push(error) })
afterAll(async () => {
  await listener.close()
  await database.drop()
})

/** What a channel brings, one after the other. */
const channel = (name: string) => {
  let heard = Promise.withResolvers<string | undefined>()
  const stop = listener.listen(name, (payload) => heard.resolve(payload))
  return {
    stop,
    async next() {
      const payload = await heard.promise
      heard = Promise.withResolvers()
      return payload
    },
  }
}
const notify = (name: string, payload: string) => pool.query('select pg_notify($1, $2)', [name, payload])
const connections = async () =>
  (await pool.query(`select pid from pg_stat_activity where application_name = 'test-listen'`)).rows.map(
    ({ pid }) => pid as number,
  )

test('one connection for any number of channels; what may have been missed before it listened is a wake', async () => {
  const one = channel('one "quoted"')
  const two = channel('two')
  expect(await Promise.all([one.next(), two.next()])).toEqual([undefined, undefined])
  await notify('one "quoted"', 'a')
  expect(await one.next()).toBe('a')
  await notify('two', 'b')
  expect(await two.next()).toBe('b')
  expect(await connections()).toHaveLength(1)
  one.stop()
  two.stop()
})

test('a channel that comes later is listened to as well, and one that nobody wants is not', async () => {
  const early = channel('early')
  const later = channel('later')
  expect(await later.next()).toBeUndefined()
  await notify('later', 'x')
  expect(await later.next()).toBe('x')
  early.stop()
  later.stop()
  const last = channel('last')
  await last.next()
  await notify('later', 'y')
  await notify('last', 'z')
  expect(await last.next()).toBe('z')
  last.stop()
})

test('a connection that is killed is made again, and wakes everybody', async () => {
  const one = channel('one')
  const two = channel('two')
  await Promise.all([one.next(), two.next()])
  for (let round = 0; round < 3; round++) {
    const [pid] = await connections()
    await pool.query('select pg_terminate_backend($1)', [pid])
    expect(await Promise.all([one.next(), two.next()])).toEqual([undefined, undefined])
    await notify('two', String(round))
    expect(await two.next()).toBe(String(round))
  }
  expect(errors.length).toBeGreaterThanOrEqual(3)
  one.stop()
  two.stop()
})

test('close ends the connection, also one that cannot be made', async () => {
  const closed = createListener({ url, name: 'closed', onError: () => {} })
  const woken = Promise.withResolvers<void>()
  closed.listen('channel', () => woken.resolve())
  await woken.promise
  await closed.close()

  const failed = Promise.withResolvers<Error>()
  const nowhere = new URL(url)
  nowhere.port = '1'
  const unreachable = createListener({ url: nowhere.href, name: 'nowhere', onError: failed.resolve })
  unreachable.listen('channel', () => {})
  expect(await failed.promise).toMatchObject({ code: 'ECONNREFUSED' })
  await unreachable.close()

  const observer = new Client(url)
  await observer.connect()
  for (;;) {
    const { rows } = await observer.query(
      `select 1 from pg_stat_activity where application_name = 'closed-listen'`,
    )
    if (rows.length === 0) break
  }
  const ended = once(observer, 'end')
  await observer.end()
  await ended
})
