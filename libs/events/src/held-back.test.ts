import { setTimeout as delay } from 'node:timers/promises'
import { createPool, inTransaction } from '@quartet/database'
import { failure } from '@quartet/testing'
import { event, eventsDatabase, numberFeed } from './testing/feed.ts'

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

test('the changes of a row are in their order, whichever transaction began first, where the row is locked first', async () => {
  const next = await followNow()
  await pool.query('create table things (id int primary key, version int)')
  await pool.query('insert into things values (1, 0)')
  const change = (before?: () => Promise<unknown>) =>
    inTransaction(pool, async (tx) => {
      const { rows } = await tx.query('select version from things where id = 1 for update')
      await before?.()
      const version = rows[0].version + 1
      await tx.query('update things set version = $1 where id = 1', [version])
      await feed.append(tx, event(version))
    }).then(feed.committed)

  let waiting: Promise<unknown>[] = []
  await change(async () => {
    waiting = Array.from({ length: 5 }, () => change())
    for (;;) {
      const { rows } = await pool.query(
        `select backend_xid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like '%for update%'`,
      )
      if (rows.length === 5) return expect(rows.every((row) => row.backend_xid === null)).toBe(true)
      await delay(5)
    }
  })
  await Promise.all(waiting)
  for (let version = 1; version <= 6; version++) expect(await next()).toBe(version)
})
