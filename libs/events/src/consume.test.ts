import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { inTransaction } from '@quartet/database'
import { UserService } from '@quartet/proto/user'
import { createClient, createServer, implement, RpcError } from '@quartet/rpc'
import type { PoolClient } from 'pg'
import { pino } from 'pino'
import { consume, type ConsumeOptions } from './consume.ts'
import { eventsDatabase, numberFeed } from './testing/feed.ts'

const database = await eventsDatabase()
const { pool, url } = database
await pool.query('create table effects (place int generated always as identity, name text, number int)')
const feed = numberFeed({ pool, url })

/** The other service: every number is the change of a user. */
let refuse: RpcError | undefined
const server = createServer({
  implementations: [
    implement(UserService, {
      async *watchUsers({ resumeToken }, { signal }) {
        if (refuse) throw refuse
        for await (const { entry, resumeToken: token } of feed.follow({ resumeToken, signal }))
          yield { eventId: entry ? String(entry.number) : '', resumeToken: token }
      },
    }),
  ],
  access: {},
  readiness: async () => {},
  limits: { '/quartet.user.v1.UserService/WatchUsers': { perSecond: 0, maxOpen: 0 } },
  logger: pino({ level: 'silent' }),
})
const target = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`
const users = createClient(UserService, { target })

const stopping = new AbortController()
const consuming: Promise<void>[] = []
const children = new Set<ChildProcess>()
afterAll(async () => {
  stopping.abort()
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(consuming)
  users.close()
  server.close()
  await feed.stop()
  await database.drop()
})

type Message = { eventId: string; resumeToken: string }
const logs: Record<string, unknown>[] = []
const start = (name: string, options: Partial<ConsumeOptions<Message, PoolClient>> = {}) => {
  const own = new AbortController()
  const running = consume<Message, PoolClient>({
    name,
    pool,
    transaction: (work) => inTransaction(pool, work),
    start: (resumeToken) => users.watchUsers({ resumeToken }),
    cursorOf: ({ resumeToken }) => resumeToken,
    apply: apply(name),
    signal: AbortSignal.any([own.signal, stopping.signal]),
    logger: pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) }),
    ...options,
  })
  consuming.push(running)
  return () => {
    own.abort()
    return running
  }
}
const apply =
  (name: string) =>
  async (tx: PoolClient, { eventId }: Message) => {
    if (eventId) await tx.query('insert into effects (name, number) values ($1, $2)', [name, eventId])
  }

/** What was done, in order. */
const effects = async (name: string) =>
  (await pool.query('select number from effects where name = $1 order by place', [name])).rows.map(
    ({ number }) => number as number,
  )
const done = (name: string, count: number) => until(async () => (await effects(name)).length >= count)
const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition())) await delay(10)
}
const followed = (name: string) =>
  until(
    async () =>
      (await pool.query('select 1 from cursors where name = $1 and cursor is not null', [name])).rowCount ===
      1,
  )
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
test('exactly once through processes that are killed at any moment, and in order', async () => {
  const replica = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/consumer.ts')], {
      env: { ...process.env, DATABASE_URL: url, TARGET: target, NAME: 'killed' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    children.add(child)
    return child
  }
  const kill = async (child: ChildProcess) => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    children.delete(child)
  }
  let replicas = [replica()]
  await followed('killed')
  const rounds = 3
  const perRound = 40
  let written = 0
  for (let round = 1; round <= rounds; round++) {
    // Killed while more is written, and while it applies what is there.
    const writing = (async () => {
      for (; written < round * perRound; written++) await feed.write(written)
    })()
    const some = (round - 1) * perRound + Math.random() * perRound
    await done('killed', some)
    // The next one waits for the lock, or is about to.
    const next = replica()
    await Promise.all(replicas.map(kill))
    replicas = [next]
    await writing
  }
  await done('killed', rounds * perRound)
  expect(await effects('killed')).toEqual(upTo(rounds * perRound))
  await Promise.all(replicas.map(kill))
}, 120_000)

test('when one replica loses its lock another takes over, and what the first is about to do it does not', async () => {
  const held = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let hold = false
  const slow = start('takes over', {
    async transaction(work) {
      if (hold) {
        held.resolve()
        await released.promise
      }
      await inTransaction(pool, work)
    },
  })
  await followed('takes over')
  await feed.write(...upTo(3))
  await done('takes over', 3)
  hold = true
  await feed.write(3, 4)
  await held.promise
  const quick = start('takes over')
  await pool.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
     and database = (select oid from pg_database where datname = current_database())`,
  )
  await done('takes over', 5)
  released.resolve()
  await until(async () =>
    logs.some(({ err }) => String(Object(err).message).startsWith('another replica has gone on')),
  )
  await Promise.all([slow(), quick()])
  expect(await effects('takes over')).toEqual(upTo(5))
})

test('a commit whose answer is lost is not done again; work that throws is', async () => {
  let commits = 0
  let tries = 0
  const stop = start('loses answers', {
    async transaction(work) {
      await inTransaction(pool, work)
      if (++commits % 3 === 0) throw new Error('the answer is lost')
    },
    async apply(tx, message) {
      await apply('loses answers')(tx, message)
      if (message.eventId === '2' && ++tries < 3) throw new Error('not yet')
    },
  })
  await followed('loses answers')
  await feed.write(...upTo(6))
  await done('loses answers', 6)
  await stop()
  expect(await effects('loses answers')).toEqual(upTo(6))
  expect(tries).toBe(3)
})

test('an expired cursor is an error in the log, and goes on from now', async () => {
  const stop = start('expires')
  await followed('expires')
  await stop()
  await feed.write(1)
  await pool.query(`update cursors set cursor = 'none' where name = 'expires'`)
  const again = start('expires')
  await until(async () =>
    logs.some(
      ({ msg, consumer }) => consumer === 'expires' && String(msg).startsWith('the cursor has expired'),
    ),
  )
  await until(
    async () =>
      (await pool.query(`select 1 from cursors where name = 'expires' and cursor <> 'none'`)).rowCount === 1,
  )
  await feed.write(2)
  await done('expires', 1)
  await again()
  expect(await effects('expires')).toEqual([2])
})

test('a stream that refuses is tried again', async () => {
  refuse = new RpcError(status.PERMISSION_DENIED, 'NOT_PERMITTED')
  const stop = start('refused')
  await until(async () => logs.some(({ consumer }) => consumer === 'refused'))
  refuse = undefined
  await followed('refused')
  await feed.write(1)
  await done('refused', 1)
  await stop()
  expect(await effects('refused')).toEqual([1])
})
