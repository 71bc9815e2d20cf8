import { codecOf } from '@quartet/proto/codec'
import { UserService } from '@quartet/proto/user'
import { compare, type Aim } from './compare.ts'
import { fillUsers, startDatabase } from './database.ts'
import { connect } from './load.ts'
import { start } from './process.ts'
import { openReaders } from './readers.ts'

/** One change after another to all who watch: from its commit to half of them. */
const method = UserService.methods.find(({ name }) => name === 'WatchUsers')!
const { path } = method
const codec = codecOf(method)
/** Each connection carries so many, as one of Envoy's does. */
const perConnection = 100
const request = codec.requestSerialize({})
const database = await startDatabase('user')
await fillUsers(database, 1)
const server = await start('user-service.ts', { DATABASE_URL: database.url })

/** Commits a change as the service does, then says so; returns when it was committed. */
const commit = async (): Promise<number> => {
  const { rows } = await database.pool.query('select to_jsonb(users) as data from users')
  const { created_at: createdAt, updated_at: updatedAt, ...user } = rows[0].data
  const data = { user: { ...user, createdAt, updatedAt }, previousRole: null }
  await database.pool.query(
    `insert into events (id, kind, subject, data) values (gen_random_uuid(), 'updated', $1, $2)`,
    [user.id, data],
  )
  const committed = performance.now()
  void database.pool.query(`select pg_notify('events users', '')`)
  return committed
}

const measure = async (count: number, aim?: Aim) => {
  const clients = Array.from({ length: Math.ceil(count / perConnection) }, () => connect(server.port))
  let arrivals: number[] = []
  const watchers = await openReaders(clients, { path, request, count }, () =>
    arrivals.push(performance.now()),
  )
  const toHalf = async () => {
    arrivals = []
    const all = watchers.received(1)
    const committed = await commit()
    await all
    return arrivals[Math.floor(count / 2)]! - committed
  }
  await compare({
    title: 'A change at half of those who watch',
    unit: 'ms',
    variants: [{ name: `${count} watch`, measure: toHalf, ...(aim && { aim }) }],
    turns: 4,
  })
  for (const client of clients) client.close()
}

await measure(10)
await measure(1_000, { text: '≤ 25', of: 'value', met: (ms) => ms <= 25 })
await server.stop()
await database.stop()
