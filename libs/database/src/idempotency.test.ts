import { setTimeout as delay } from 'node:timers/promises'
import { once, recall, sweepIdempotencyKeys, type Attempt } from './idempotency.ts'
import { createPool } from './pool.ts'
import { scratchDatabase } from './testing/scratch-database.ts'
import { transactions } from './testing/transactions.ts'

const database = scratchDatabase()
const pool = createPool({ url: database.url, name: 'idempotency', max: 20, onError: () => {} })
beforeAll(async () => {
  await database.create()
  await pool.query(
    `create table idempotency_keys (scope text, key text, request_hash bytea not null, response bytea not null,
       expires_at timestamptz(3) not null, primary key (scope, key))`,
  )
  await pool.query('create table things (id int generated always as identity, name text)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const transaction = transactions(pool)

const codec = {
  encode: (text: string) => Buffer.from(text),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
}
const attempt = (key: string, body: unknown = 'body'): Attempt => ({ scope: 'test', key, request: { body } })

const create = (attempt: Attempt | undefined, name: string, problem?: Error) =>
  transaction((tx) =>
    once(tx, attempt, codec, async () => {
      await tx.$executeRaw`insert into things (name) values (${name})`
      if (problem) throw problem
      return name
    }),
  )
const count = async (prefix: string) =>
  (await pool.query(`select count(*)::int from things where name like $1`, [`${prefix}%`])).rows[0]
    .count as number

test('of 20 tries at once one does the work, and all get its result', async () => {
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => create(attempt('many'), `many ${index}`)),
  )
  const done = results.filter(({ outcome }) => outcome === 'done')
  expect(done).toHaveLength(1)
  expect(await count('many')).toBe(1)
  for (const result of results) expect(result).toMatchObject({ value: Object(done[0]).value })
})

test('a key that comes with another request does nothing', async () => {
  await create(attempt('reused'), 'reused 1')
  expect(await create(attempt('reused', 'another'), 'reused 2')).toEqual({ outcome: 'reused' })
  expect(await create({ ...attempt('reused', 'another'), scope: 'other' }, 'reused 3')).toMatchObject({
    outcome: 'done',
  })
  expect(await count('reused')).toBe(2)
})

test('a map is the same in whatever order its keys come', async () => {
  const map = { b: [{ y: 1, x: 2 }], a: undefined, c: null }
  expect(await create(attempt('map', map), 'map')).toMatchObject({ outcome: 'done' })
  const turned = { c: null, b: [{ x: 2, y: 1 }] }
  expect(await create(attempt('map', turned), 'map')).toMatchObject({ outcome: 'repeated' })
  for (const other of [{ ...map, c: 1 }, { ...map, d: '' }, { ...map, b: [...map.b, 1] }, { c: null }])
    expect(await create(attempt('map', other), 'map')).toEqual({ outcome: 'reused' })
})

test('what a former try left is recalled, and nothing else', async () => {
  expect(await recall(pool, attempt('recalled'), codec)).toBeUndefined()
  expect(await recall(pool, undefined, codec)).toBeUndefined()
  await create(attempt('recalled'), 'recalled')
  expect(await recall(pool, attempt('recalled'), codec)).toEqual({ outcome: 'repeated', value: 'recalled' })
  expect(await recall(pool, attempt('recalled', 'another'), codec)).toEqual({ outcome: 'reused' })
  expect(await recall(pool, { ...attempt('recalled'), scope: 'other' }, codec)).toBeUndefined()
  await pool.query(`update idempotency_keys set expires_at = now() where key = 'recalled'`)
  expect(await recall(pool, attempt('recalled'), codec)).toBeUndefined()
  await sweepIdempotencyKeys(pool)
})

test('a try that failed leaves its key to the next, also to one that was waiting for it', async () => {
  let next: Promise<unknown> | undefined
  const failing = transaction((tx) =>
    once(tx, attempt('failed'), codec, async () => {
      next = create(attempt('failed'), 'failed')
      while (!(await waiting())) await delay(5)
      throw new Error('no luck')
    }),
  )
  await expect(failing).rejects.toThrow('no luck')
  expect(await next).toEqual({ outcome: 'done', value: 'failed' })
})
const waiting = async () =>
  (
    await pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
  ).rowCount

test('without a key, every try does the work', async () => {
  for (const _ of [1, 2])
    expect(await create(undefined, 'keyless')).toEqual({ outcome: 'done', value: 'keyless' })
  expect(await count('keyless')).toBe(2)
})

test('a key is forgotten after 24 hours, at the latest by the sweep', async () => {
  await create(attempt('old'), 'old 1')
  await create(attempt('older'), 'old 2')
  const { rows } = await pool.query(
    `select expires_at - now() between interval '23 hours 59 minutes' and interval '24 hours 1 second' as kept
     from idempotency_keys where key = 'old'`,
  )
  expect(rows).toEqual([{ kept: true }])
  await pool.query(
    `update idempotency_keys set expires_at = now() - interval '1 second' where key in ('old', 'older')`,
  )
  expect(await create(attempt('old', 'another'), 'old 3')).toEqual({ outcome: 'done', value: 'old 3' })
  expect(await sweepIdempotencyKeys(pool)).toBe(1)
  expect(await create(attempt('old', 'another'), 'old 4')).toEqual({ outcome: 'repeated', value: 'old 3' })
})
