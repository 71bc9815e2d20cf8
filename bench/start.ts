import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@quartet/tools/ports'
import { residentMemory } from './memory.ts'

/**
 * How long `npm start` takes until the edge answers from the database, from a fresh clone and warm, beside a bare
 * grpc-js process in the same run; and what every process holds in memory then. Envoy must be there already: its
 * download is not counted.
 */
const warmStarts = 3
const root = join(import.meta.dirname, '..')
const clone = mkdtempSync(join(tmpdir(), 'quartet-bench-'))

const main = async () => {
  console.log('cloning and installing …')
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone])
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: clone, stdio: 'inherit' })

  const bare = median(await times(5, bareStart))
  const { seconds: fresh } = await suiteStart()
  const warm = await times(warmStarts, async () => (await suiteStart()).seconds)
  const { memory } = await suiteStart()

  print('bare grpc-js, start to first connection', bare, bare)
  print('npm start, fresh clone', fresh, bare)
  print(`npm start, warm (median of ${warmStarts})`, median(warm), bare)
  console.log('\nresident memory when ready, MB')
  for (const { name, megabytes } of memory)
    console.log(`  ${name.padEnd(28)} ${String(megabytes).padStart(5)}`)
  console.log(
    `  ${'all'.padEnd(28)} ${String(memory.reduce((sum, { megabytes }) => sum + megabytes, 0)).padStart(5)}`,
  )
}

const print = (what: string, seconds: number, yardstick: number) =>
  console.log(
    `${what.padEnd(44)} ${seconds.toFixed(2).padStart(6)} s ${(seconds / yardstick).toFixed(1).padStart(6)} x`,
  )

const times = async (count: number, measure: () => Promise<number>) => {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push(await measure())
  return all
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const bareStart = async () => {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts'), String(port)], {
    stdio: 'inherit',
  })
  while (!(await accepts(port))) await sleep(2)
  const seconds = (performance.now() - started) / 1000
  await end(child, 'SIGKILL')
  return seconds
}

/** Starts the clone's suite as its user does, waits for an answer through the edge, and stops it. */
const suiteStart = async () => {
  const endpoints = join(clone, '.quartet/endpoints.json')
  rmSync(endpoints, { force: true })
  const started = performance.now()
  const child = spawn('npm', ['start', '--silent', '--', '--port', '0'], {
    cwd: clone,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.once('exit', (code) => code && console.error(output))
  while (!existsSync(endpoints)) {
    if (child.exitCode !== null) throw new Error('the suite did not start')
    await sleep(10)
  }
  const { edge } = JSON.parse(readFileSync(endpoints, 'utf8')) as { edge?: string }
  if (!edge) throw new Error('no Envoy: set ENVOY_BIN, or let "npm start" fetch it once')
  const answer = await fetch(`http://${edge}/.well-known/jwks.json`)
  if (!answer.ok) throw new Error(`the edge answered ${answer.status}`)
  const seconds = (performance.now() - started) / 1000
  const memory = residentMemory(child.pid!)
  await end(child, 'SIGTERM')
  return { seconds, memory }
}

const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
  child.kill(signal)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

try {
  await main()
} finally {
  rmSync(clone, { recursive: true, force: true })
}
