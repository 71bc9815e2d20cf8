import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { as, serverAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { starterSetting } from './orphan.ts'
import { dataLocation, removeData } from './place.ts'
import { lookAt } from './process-info.ts'
import { startPostgres, type Postgres, type StartOptions } from './start.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'quartet-embedded-'))
const data = join(dataLocation(dataDir), 'data')
afterAll(() => removeData(dataDir))

const started: Postgres[] = []
const start = async (options: Partial<StartOptions> = {}) => {
  const postgres = await startPostgres({ dataDir, ...options })
  started.push(postgres)
  return postgres
}
afterEach(async () => {
  for (const postgres of started.splice(0)) await postgres.stop()
})

const query = async (url: string, sql: string) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const ended = async (pid: number) => {
  while (lookAt(pid)) await delay(10)
}

/** Another process that starts PostgreSQL on the data and goes on. */
const startElsewhere = async () => {
  const script = `
    import { startPostgres } from '${import.meta.dirname}/start.ts'
    const postgres = await startPostgres({ dataDir: '${dataDir}' })
    console.log(JSON.stringify({ pid: postgres.pid, url: postgres.url() }))`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, ...(JSON.parse(line) as { pid: number; url: string }) }
}

test('a start that was killed half-way through making the files is made good', async () => {
  mkdirSync(join(dirname(data), 'data.new', 'base'), { recursive: true })
  const lines: string[] = []
  const postgres = await start({ onLog: (line) => lines.push(line) })
  expect(readdirSync(dirname(data)).sort()).toEqual(['data', 'password'])
  expect(statSync(join(dirname(data), 'password')).mode & 0o777).toBe(0o600)
  await postgres.stop()
  await expect(postgres.exited).resolves.toEqual({ code: 0, signal: null })
  expect(lines.at(-1)).toContain('database system is shut down')
  expect(postgres.lastLines().at(-1)).toBe(lines.at(-1))
})

test('kill -9 of the process that started it leaves no server, and the next one has the data', async () => {
  const { child, pid, url } = await startElsewhere()
  await query(url, 'create table kept as select 42 as answer')
  child.kill('SIGKILL')
  await ended(pid)
  const postgres = await start()
  expect(await query(postgres.url(), 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('kill -9 of the server and of its starter loses nothing either', async () => {
  const { child, pid, url } = await startElsewhere()
  await query(url, 'insert into kept values (43)')
  process.kill(pid, 'SIGKILL')
  child.kill('SIGKILL')
  const postgres = await start()
  expect(await query(postgres.url(), 'select answer from kept order by 1')).toEqual([
    { answer: 42 },
    { answer: 43 },
  ])
})

test('a server whose starter is gone is ended, one whose starter lives is not', async () => {
  const account = serverAccount(dirname(data))
  const settings = ['listen_addresses=', `unix_socket_directories=${data}`, `${starterSetting}=1`]
  // A server is taken for an orphan when it is not the child of the process that its command line names.
  const orphan = spawn(
    findBinaries(account).postgres,
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...as(account), stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = once(orphan, 'exit')
  for await (const line of createInterface(orphan.stderr)) if (line.includes('ready to accept')) break
  const postgres = await start()
  expect(await exited).toEqual([0, null])

  await expect(start()).rejects.toThrow(`in use: process ${process.pid} has started PostgreSQL on it`)
  expect(await query(postgres.url(), 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a pid file that names a process of somebody else is no obstacle', async () => {
  writeFileSync(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n`)
  await start()
})

test('data of another major version is refused', async () => {
  writeFileSync(join(data, 'PG_VERSION'), '12\n')
  await expect(start()).rejects.toThrow(
    /^The data in .* was written by PostgreSQL 12, and this is \d+: move it with pg_dump, or start afresh/,
  )
})

test('a busy port is named', async () => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const { port } = busy.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'quartet-embedded-'))
  await expect(start({ dataDir: folder, port, durable: false })).rejects.toThrow(
    `Port ${port} of 127.0.0.1 is in use`,
  )
  removeData(folder)
  busy.close()
})

test('a folder that cannot be used is named, and one that holds something else is left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-embedded-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(start({ dataDir: join(file, 'data') })).rejects.toThrow(
    /cannot use the folder .*file \(a file of that name is in the way\): mend that/,
  )
  await expect(start({ dataDir: folder })).rejects.toThrow(`${folder} holds file`)
  expect(statSync(folder).uid).toBe(process.getuid!())
  rmSync(folder, { recursive: true })
})

// Only root has to run the server as somebody else, who cannot get everywhere.
if (process.getuid!() === 0) {
  test('root gets the data to a place that the server can reach', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'quartet-closed-'))
    chmodSync(closed, 0o700)
    const dataDir = join(closed, 'postgres')
    const postgres = await start({ dataDir, durable: false })
    expect(postgres.dataDir).toMatch(/^\/var\/lib\/quartet\/postgres-[0-9a-f]{12}$/)
    expect(postgres.dataDir).toBe(dataLocation(dataDir))
    await postgres.stop()
    removeData(dataDir)
    expect(existsSync(postgres.dataDir)).toBe(false)
    rmSync(closed, { recursive: true })
  })
}
