import { status } from '@grpc/grpc-js'
import { inTransaction } from '@quartet/database'
import { failure } from '@quartet/testing'
import type { Followed } from './feed.ts'
import { feedTable } from './feed-table.ts'
import { event, eventsDatabase, numberFeed } from './testing/feed.ts'

const database = await eventsDatabase()
const { pool, url } = database
const feed = numberFeed({ pool, url })
afterAll(async () => {
  await feed.stop()
  await database.drop()
})

type Steps = AsyncGenerator<Followed<{ number: number; resumeToken: string }>>
const stopping = new AbortController()
const follow = (resumeToken = '', heartbeatMs = 1_000_000): Steps =>
  feed.follow({ resumeToken, signal: stopping.signal, heartbeatMs })
afterAll(() => stopping.abort())

/** Follows from now; resolves when it does. */
const followNow = async (heartbeatMs?: number) => {
  const steps = follow('', heartbeatMs)
  const { value } = await steps.next()
  return { steps, resumeToken: value.resumeToken as string }
}

const take = async (steps: Steps, count: number) => {
  const numbers: number[] = []
  let resumeToken = ''
  while (numbers.length < count) {
    const { value } = await steps.next()
    if (value.entry) numbers.push(value.entry.number)
    resumeToken = value.resumeToken
  }
  return { numbers, resumeToken }
}

const expired = { code: status.OUT_OF_RANGE, reason: 'RESUME_TOKEN_EXPIRED' }

test('what is committed after the call began, and nothing from before', async () => {
  await feed.write(1, 2)
  const { steps } = await followNow()
  await feed.write(3, 4)
  await feed.write(5)
  expect((await take(steps, 3)).numbers).toEqual([3, 4, 5])
})

test('what was rolled back did not happen', async () => {
  const { steps } = await followNow()
  await failure(
    inTransaction(pool, async (tx) => {
      await feed.append(tx, event(1))
      throw new Error('no')
    }),
  )
  await feed.write(2)
  expect((await take(steps, 1)).numbers).toEqual([2])
})

test('goes on behind each token, of an event or a heartbeat', async () => {
  const { steps, resumeToken } = await followNow()
  await feed.write(1, 2, 3)
  expect((await take(follow(resumeToken), 3)).numbers).toEqual([1, 2, 3])
  const after = await take(steps, 2)
  expect((await take(follow(after.resumeToken), 1)).numbers).toEqual([3])
  const idle = await take(steps, 1)
  const { value: heartbeat } = await follow(idle.resumeToken).next()
  await feed.write(4)
  expect((await take(follow(heartbeat.resumeToken), 1)).numbers).toEqual([4])
})

test('an event that got its number first and was committed last is not missed, and keeps its place', async () => {
  const { steps, resumeToken } = await followNow()
  await inTransaction(pool, async (slow) => {
    await feed.append(slow, event(1))
    await feed.write(2)
    // It is there for everybody to see, and those who follow wait for the slow one.
    const held = follow(resumeToken, 5)
    for (let beats = 0; beats < 5; beats++) expect((await held.next()).value.entry).toBeUndefined()
    expect(heldBack()).toBeGreaterThan(0)
  })
  expect((await take(steps, 2)).numbers).toEqual([1, 2])
  expect((await take(follow(resumeToken), 2)).numbers).toEqual([1, 2])
})
const heldBack = () =>
  feed
    .metrics()
    .flatMap(({ type, name, points }) =>
      type === 'gauge' && name === 'quartet.events.held_back' ? points : [],
    )[0]!.value

test('what was committed before the call and is held back is not from now', async () => {
  const { steps } = await inTransaction(pool, async (slow) => {
    await feed.append(slow, event(1))
    await feed.write(2)
    return followNow()
  })
  await feed.write(3)
  // 1 was committed after the call began.
  expect((await take(steps, 2)).numbers).toEqual([1, 3])
})

test('one that is gone for longer than the ring keeps finds everything in the table', async () => {
  const { resumeToken } = await followNow()
  const numbers = Array.from({ length: 2_500 }, (_, i) => i)
  for (let i = 0; i < numbers.length; i += 500) await feed.write(...numbers.slice(i, i + 500))
  expect((await take(follow(resumeToken), 2_500)).numbers).toEqual(numbers)
})

describe('a token is refused', () => {
  const forged = (change: (parts: string[]) => string[], token: string) =>
    Buffer.from(change(Buffer.from(token, 'base64url').toString().split('.')).join('.')).toString('base64url')
  const day = 24 * 60 * 60 * 1000

  test.each<[string, (token: string) => string]>([
    ['that is none', () => 'none'],
    ['that holds bytes', () => Buffer.from([0, 255, 10, 46, 46, 46]).toString('base64url')],
    ['with a part too many', (token) => forged((parts) => [...parts, '1'], token)],
    ['that is negative', (token) => forged(([origin, , ...rest]) => [origin!, '-1', ...rest], token)],
    [
      'past what the database counts to',
      (token) => forged(([o, tx, , at]) => [o!, tx!, '9'.repeat(19), at!], token),
    ],
    [
      'from the future of the database',
      (token) => forged(([o, , ...rest]) => [o!, '9'.repeat(15), ...rest], token),
    ],
    [
      'of more than 7 days ago',
      (token) => forged(([o, tx, seq]) => [o!, tx!, seq!, `${Date.now() - 7.01 * day}`], token),
    ],
  ])('%s', async (_, change) => {
    const { resumeToken } = await followNow()
    expect(await failure(follow(change(resumeToken)).next())).toMatchObject(expired)
    const almost = forged(([o, tx, seq]) => [o!, tx!, seq!, `${Date.now() - 6.9 * day}`], resumeToken)
    expect((await follow(almost).next()).done).toBe(false)
  })

  test('of another feed, and of another database', async () => {
    const { resumeToken } = await followNow()
    const another = numberFeed({ pool, url, name: 'letters' })
    const signal = stopping.signal
    expect(await failure(another.follow({ resumeToken, signal }).next())).toMatchObject(expired)
    await another.stop()
    const elsewhere = await eventsDatabase()
    const copy = numberFeed(elsewhere)
    expect(await failure(copy.follow({ resumeToken, signal }).next())).toMatchObject(expired)
    await copy.stop()
    await elsewhere.drop()
  })
})

test('another user of the database than its owner can follow', async () => {
  const role = `reader_${process.pid}`
  await pool.query(`create role ${role} login`)
  try {
    await pool.query(`grant select on events to ${role}`)
    await inTransaction(pool, async (tx) => {
      await tx.query(`set local role ${role}`)
      await tx.query('select system_identifier from pg_control_system()')
    })
  } finally {
    await pool.query(`drop owned by ${role}; drop role ${role}`)
  }
})

test('its figures: who follows, and how late events came', async () => {
  const { steps } = await followNow()
  await feed.write(1)
  await take(steps, 1)
  const families = feed.metrics()
  expect(families.map(({ name }) => name)).toEqual([
    'quartet.events.delay',
    'quartet.events.held_back',
    'quartet.events.followers',
  ])
  for (const { points } of families) expect(points[0]!.labels).toEqual({ feed: 'numbers' })
  const [delay] = families
  if (delay?.type !== 'histogram') throw new Error('no histogram')
  const { value } = delay.points[0]!
  expect(value.sum).toBeGreaterThan(0)
  expect(value.counts.reduce((a, b) => a + b)).toBeGreaterThan(0)
})

test('old events are deleted, and none that a token can still ask for', async () => {
  const other = await eventsDatabase()
  await inTransaction(other.pool, async (tx) => {
    await tx.query(
      `insert into events (id, kind, subject, data, occurred_at)
       select gen_random_uuid(), 'old', gen_random_uuid(), to_jsonb(age), now() - make_interval(hours => age)
       from (select 7 * 24 + 2 as age from generate_series(1, 2500) union all values (7 * 24), (1)) as aged`,
    )
  })
  await feedTable(other.pool, 'old').sweep()
  const { rows } = await other.pool.query('select data from events order by tx, seq')
  expect(rows).toEqual([{ data: 7 * 24 }, { data: 1 }])
  await other.drop()
})
