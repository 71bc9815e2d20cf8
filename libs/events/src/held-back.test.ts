import { createPool, inTransaction } from '@quartet/database'
import { failure } from '@quartet/testing'
import { event, eventsDatabase, numberFeed, subject } from './testing/feed.ts'

const database = await eventsDatabase()
const { pool, url } = database
const feed = numberFeed({ pool, url })
const stopping = new AbortController()
afterAll(async () => {
  stopping.abort()
  await feed.stop()
  await database.drop()
})

/** Follows from now; gives the next number. */
const followNow = async () => {
  const steps = feed.follow({ resumeToken: '', signal: stopping.signal })
  await steps.next()
  return async () => {
    for (;;) {
      const { value } = await steps.next()
      if (value.entry) return value.entry.number as number
    }
  }
}

test('a transaction that is left open holds the feed back until the server ends it, and no longer', async () => {
  const next = await followNow()
  // Another service on this server, in a database of its own.
  const elsewhere = await eventsDatabase()
  const other = createPool({ url: elsewhere.url, name: 'forgetful', onError: () => {} })
  const forgotten = await other.connect()
  await forgotten.query('begin')
  await forgotten.query('create table forgotten ()')
  await feed.write(1)
  expect(await next()).toBe(1)
  expect(await failure(forgotten.query('commit'))).toBeInstanceOf(Error)
  forgotten.release(true)
  await other.end()
  await elsewhere.drop()
})

test('the changes of one thing are in their order, however many transactions wait to make them', async () => {
  const next = await followNow()
  await pool.query('create table things (id int primary key, version int)')
  await pool.query('insert into things values (1, 0)')
  const change = async () => {
    await inTransaction(pool, async (tx) => {
      await feed.lock(tx, subject)
      const { rows } = await tx.query('select version from things where id = 1 for update')
      const version = rows[0].version + 1
      await tx.query('update things set version = $1 where id = 1', [version])
      await feed.append(tx, event(version))
    })
    feed.committed()
  }
  const changes = 100
  await Promise.all(Array.from({ length: changes }, change))
  for (let version = 1; version <= changes; version++) expect(await next()).toBe(version)
})
