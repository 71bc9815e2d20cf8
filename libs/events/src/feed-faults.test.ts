import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createPool, migrate, inTransaction } from '@quartet/database'
import { removeData, startPostgres } from '@quartet/database/embedded'
import { numberFeed, event } from './testing/feed.ts'

// Everything that can go wrong, at once, on a PostgreSQL of its own: it is stopped, and killed.

const dataDir = mkdtempSync(join(tmpdir(), 'quartet-feed-'))
let postgres = await startPostgres({ dataDir })
const url = postgres.url('numbers')
const pool = createPool({ url, name: 'feed', max: 30, onError: () => {} })
const feed = numberFeed({ pool, url })
beforeAll(() => migrate({ url, directory: join(import.meta.dirname, 'testing/migrations'), log: () => {} }))
afterAll(async () => {
  stopping.abort()
  await feed.stop()
  await pool.end()
  await postgres.stop()
  removeData(dataDir)
})

const stopping = new AbortController()
const { signal } = stopping
/** On 30 connections in turns; a database that is away answers within that many tries. */
const again = () => delay(20)

test('writers race, the listener and PostgreSQL are killed, readers come and go: nothing lost, nothing twice', async () => {
  const reconnects = 200
  const acknowledged: number[] = []
  let writing = true
  let last = 0

  const write = async () => {
    while (writing) {
      const number = last++
      try {
        await inTransaction(pool, async (tx) => {
          await feed.append(tx, event(number))
          // Its place is given; when it is committed is anybody's guess.
          await delay(Math.random() * 15)
        })
        acknowledged.push(number)
        feed.committed()
      } catch {
        await again()
      }
    }
  }

  /** Follows the feed from now to its end, `times` times anew from the last token. What it read, and a promise of it. */
  const read = (times: number) => {
    const begun = Promise.withResolvers<void>()
    const numbers: number[] = []
    const whole = (async () => {
      let resumeToken = ''
      for (let left = times; ; left--) {
        let count = left > 0 ? Math.floor(Math.random() * 30) : Infinity
        try {
          for await (const step of feed.follow({ resumeToken, signal, heartbeatMs: 100 })) {
            ;({ resumeToken } = step)
            begun.resolve()
            if (step.entry?.number === end) return
            if (step.entry) numbers.push(step.entry.number)
            if (count-- <= 0) break
          }
        } catch {
          await again()
        }
      }
    })()
    return { begun: begun.promise, numbers, whole }
  }
  const end = -1
  const readers = [0, 0, reconnects / 2, reconnects / 2].map(read)
  await Promise.all(readers.map(({ begun }) => begun))
  const writers = Array.from({ length: 8 }, write)

  /** Until so many more have been acknowledged, the writers go on. */
  const goOn = async (count: number) => {
    for (const goal = acknowledged.length + count; acknowledged.length < goal;) await delay(5)
  }
  for (let round = 0; round < 3; round++) {
    await goOn(200)
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'numbers-listen'`,
    )
  }
  for (const stop of [() => postgres.stop(), () => process.kill(postgres.pid, 'SIGKILL')]) {
    await goOn(200)
    await stop()
    await postgres.exited
    postgres = await startPostgres({ dataDir, port: postgres.port })
  }
  await goOn(400)
  writing = false
  await Promise.all(writers)
  for (let written = false; !written;)
    written = await feed.write(end).then(
      () => true,
      () => again().then(() => false),
    )
  await Promise.all(readers.map(({ whole }) => whole))

  const { rows } = await pool.query<{ number: number }>(
    `select (data->>'number')::int as number from events order by tx, seq`,
  )
  const stored = rows.map(({ number }) => number).filter((number) => number !== end)
  expect(new Set(stored).size).toBe(stored.length)
  expect(new Set(acknowledged).difference(new Set(stored))).toEqual(new Set())
  // The race took place: in the order of the feed their numbers are not.
  expect(stored).not.toEqual(stored.toSorted((a, b) => a - b))
  for (const { numbers } of readers) expect(numbers).toEqual(stored)
}, 120_000)
