import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import pg from 'pg'
import { isConnectionFailure } from './errors.ts'
import { createPool, ping } from './pool.ts'

const url = process.env['TEST_DATABASE_URL']!
const never = new AbortController().signal
const kill = 'select pg_terminate_backend($1)'

/** The pid of the server process behind a connection. */
const pidOf = async (client: pg.ClientBase | pg.Pool) =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid

test('the limits hold on its connections', async () => {
  const pool = createPool({ url, name: 'limits', onError: () => {} })
  const { rows } = await pool.query(
    `select name, setting from pg_settings where name in
     ('application_name', 'statement_timeout', 'idle_in_transaction_session_timeout')`,
  )
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    application_name: 'limits',
    statement_timeout: '30000',
    idle_in_transaction_session_timeout: '5000',
  })
  await pool.end()
})

test('a connection that breaks while it waits is reported and replaced', async () => {
  const errors = Promise.withResolvers<Error>()
  const pool = createPool({ url, name: 'idle', onError: errors.resolve })
  const pid = await pidOf(pool)
  const other = createPool({ url, name: 'killer', onError: () => {} })
  await other.query(kill, [pid])
  const error = await errors.promise
  expect(isConnectionFailure(error)).toBe(true)
  expect(Object.keys(error)).not.toContain('client') // a log would write all of it
  expect(await pidOf(pool)).not.toBe(pid)
  await Promise.all([pool.end(), other.end()])
})

test('a connection that breaks while it is lent out fails the next query on it, not the process', async () => {
  const pool = createPool({ url, name: 'lent', onError: () => {} })
  const client = await pool.connect()
  const ended = new Promise((resolve) => client.once('end', () => resolve(undefined)))
  await pool.query(kill, [await pidOf(client)])
  await ended
  await expect(client.query('select 1')).rejects.toThrow()
  client.release(true)
  await ping(pool, never)
  await pool.end()
})

test('ping asks the database', async () => {
  const pool = createPool({ url, name: 'ping', onError: () => {} })
  await expect(ping(pool, never)).resolves.toBeUndefined()
  const closed = createPool({ url: 'postgresql://127.0.0.1:1/none', name: 'ping', onError: () => {} })
  await expect(ping(closed, never)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await Promise.all([pool.end(), closed.end()])
})

test('ping gives up when its signal aborts, though the server says nothing', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const pool = createPool({ url: `postgresql://a:b@127.0.0.1:${port}/c`, name: 'ping', onError: () => {} })
  const controller = new AbortController()
  const answer = ping(pool, controller.signal)
  await once(silent, 'connection')
  controller.abort(new Error('not ready'))
  await expect(answer).rejects.toThrow('not ready')
  for (const socket of sockets) socket.destroy()
  silent.close()
})
