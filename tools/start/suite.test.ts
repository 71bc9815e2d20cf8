import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, on, once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { removeData, startPostgres, type Postgres } from '@quartet/database/embedded'
import { dataFolder } from './database.ts'
import type { SuiteEvent } from './events.ts'
import { startSuite, type Suite } from './suite.ts'
import type { SuiteOptions } from './suite-options.ts'
import { isAlive, untilGone } from './testing/alive.ts'
import { fakeService } from './testing/fake-service.ts'

let directory: string
let suite: Suite | undefined
let other: ChildProcess | undefined
const told = new EventEmitter<{ event: [SuiteEvent] }>()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quartet-suite-'))
})
afterEach(async () => {
  other?.kill('SIGKILL')
  other = undefined
  await suite?.stop()
  suite = undefined
  removeData(dataFolder(directory))
  rmSync(directory, { recursive: true })
})

const start = (options: Partial<SuiteOptions> = {}) =>
  startSuite({
    directory,
    services: [fakeService('user'), fakeService('order')],
    environment: process.env,
    edge: 0,
    envoy: { missing: 'There is no Envoy in this test.' },
    durable: false,
    onEvent: (event) => void told.emit('event', event),
    ...options,
  })

const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'))
const pidOf = (name: string) => suite!.processes().find((process) => process.name === name)!.pid

/** Resolves to the first event of a kind from now on. */
const event = async <T extends SuiteEvent['type']>(type: T): Promise<Extract<SuiteEvent, { type: T }>> => {
  for await (const [event] of on(told, 'event')) if (event.type === type) return event
  throw new Error('unreachable')
}

test('everything is ready, where the files say, and ends in order', async () => {
  suite = await start()
  expect(suite.missing).toBe('There is no Envoy in this test.')
  expect(Object.keys(suite.endpoints)).toEqual(['user', 'order'])
  expect(read('endpoints.json')).toEqual(suite.endpoints)
  expect(read('demo-accounts.json')).toEqual(suite.accounts)
  expect(suite.accounts).toContainEqual({
    email: 'admin@quartet.test',
    password: expect.stringMatching(/^\w{16,}$/),
    role: 'ADMIN',
  })
  expect(statSync(join(directory, 'demo-accounts.json')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(directory, 'logs/order.log'), 'utf8')).toBe(
    'made the database quartet_order\napplied 1_nothing\ndatabase /quartet_order\n',
  )

  const pids = suite.processes().map(({ pid }) => pid)
  expect(pids).toHaveLength(3)
  const stopped: string[] = []
  told.on('event', (event) => event.type === 'stopped' && stopped.push(event.name))
  await suite.stop()
  expect(stopped.at(-1)).toBe('postgres')
  expect(stopped.toSorted()).toEqual(['order', 'postgres', 'user'])
  expect(pids.filter(isAlive)).toEqual([])
  expect(existsSync(join(directory, 'endpoints.json'))).toBe(false)
})

test('whatever dies comes back where it was, the database with its data', async () => {
  suite = await start()
  const { endpoints } = suite
  for (const name of ['user', 'postgres']) {
    const before = pidOf(name)
    const [died, returned] = [event('died'), event('returned')]
    process.kill(before, 'SIGKILL')
    expect(await died).toMatchObject({ name, reason: { signal: 'SIGKILL' } })
    expect(await returned).toEqual({ type: 'returned', name })
    expect(pidOf(name)).not.toBe(before)
  }
  expect(suite.endpoints).toEqual(endpoints)
})

test('a service that refuses to start fails the start with its own words, and nothing stays', async () => {
  const environment = { ...process.env, REFUSE: 'PORT is not valid' }
  const stopped = event('stopped')
  await expect(start({ environment })).rejects.toThrow('did not start: fake: PORT is not valid')
  expect((await stopped).name).toBe('postgres')
  suite = await start()
})

test('kill -9 of a start leaves no process, and the next start has the data', async () => {
  const first = spawn(process.execPath, [join(import.meta.dirname, 'testing/run-suite.ts'), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  other = first
  const [output] = await once(first.stdout, 'data')
  const pids = (JSON.parse(String(output)) as { pid: number }[]).map(({ pid }) => pid)
  const accounts = read('demo-accounts.json')
  await expect(start()).rejects.toThrow(`Quartet already runs here as process ${first.pid}`)

  first.kill('SIGKILL')
  await untilGone([first.pid!, ...pids])

  suite = await start()
  expect(suite.accounts).toEqual(accounts)
})

test('--fresh forgets all data but a downloaded Envoy', async () => {
  suite = await start({ services: [] })
  const { accounts } = suite
  await suite.stop()
  mkdirSync(join(directory, 'bin'))
  writeFileSync(join(directory, 'bin/envoy'), '')
  writeFileSync(join(directory, 'postgres-was-here'), '')

  suite = await start({ services: [], fresh: true })
  expect(suite.accounts).not.toEqual(accounts)
  expect(existsSync(join(directory, 'bin/envoy'))).toBe(true)
  expect(existsSync(join(directory, 'postgres-was-here'))).toBe(false)
})

describe('DATABASE_URL', () => {
  let server: Postgres
  const dataDir = join(mkdtempSync(join(tmpdir(), 'quartet-elsewhere-')), 'postgres')
  beforeAll(async () => {
    server = await startPostgres({ dataDir, durable: false })
  })
  afterAll(async () => {
    await server.stop()
    removeData(dataDir)
    rmSync(dirname(dataDir), { recursive: true, force: true })
  })

  test('names a server that is used and left alone', async () => {
    suite = await start({ databaseUrl: server.url() })
    expect(suite.processes().map(({ name }) => name)).toEqual(['user', 'order'])
    expect(readFileSync(join(directory, 'logs/user.log'), 'utf8')).toContain('database /quartet_user')
    await suite.stop()
    expect(isAlive(server.pid)).toBe(true)
  })

  test.each([
    ['is malformed', () => 'nonsense', 'DATABASE_URL must look like postgresql://'],
    [
      'finds nobody',
      () => 'postgresql://u:secret@127.0.0.1:1/db',
      'PostgreSQL at 127.0.0.1:1 cannot be used',
    ],
    [
      'has a wrong password',
      () => server.url().replace(/:\w+@/, ':secret@'),
      'cannot be used (password authentication failed for user "postgres"). Start it',
    ],
  ])('that %s fails the start in one line without the password', async (_, url, message) => {
    const error: Error = await start({ databaseUrl: url() }).catch((error) => error)
    expect(error.message).toContain(message)
    expect(error.message).not.toMatch(/secret|\n/)
  })
})
