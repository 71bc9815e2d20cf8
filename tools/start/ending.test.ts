import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const script = join(import.meta.dirname, 'testing/wait-to-stop.ts')
let child: ChildProcess
afterEach(() => void child.kill('SIGKILL'))

/** Resolves when it is up, as a child of this process or of the shell that is this process's child. */
const start = async (command: string, args: string[], variables: NodeJS.ProcessEnv = {}) => {
  const environment = { ...process.env, npm_lifecycle_event: undefined, ...variables }
  const started = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  child = started
  const lines = createInterface(started.stdout)
  const [pid] = await once(lines, 'line')
  return { lines, pid: Number(pid), exit: once(started, 'exit') }
}

test('the two signals of one Ctrl-C under npm ask once', async () => {
  const { lines, exit } = await start(process.execPath, [script, '60000'])
  child.kill('SIGINT')
  expect(await once(lines, 'line')).toEqual(['asked'])
  child.kill('SIGINT')
  child.kill('SIGUSR2')
  expect(await exit).toEqual([0, null])
})

test('a second Ctrl-C ends it at once', async () => {
  const { lines, exit } = await start(process.execPath, [script, '0'])
  child.kill('SIGINT')
  await once(lines, 'line')
  child.kill('SIGINT')
  expect(await exit).toEqual([130, null])
})

test('a start under npm is asked to stop when npm is killed', async () => {
  // The shell stands in for npm. Its second command keeps it from turning into the first.
  const variables = { npm_lifecycle_event: 'start', NODE: process.execPath, SCRIPT: script }
  const { lines, pid } = await start('sh', ['-c', '"$NODE" "$SCRIPT"; true'], variables)
  child.kill('SIGKILL')
  expect(await once(lines, 'line')).toEqual(['asked'])
  process.kill(pid, 'SIGUSR2')
  await once(lines, 'close')
})
