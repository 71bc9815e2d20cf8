import { EventEmitter, once } from 'node:events'
import { startChild, type Running } from './child.ts'
import { supervise, type Death, type Supervised } from './supervisor.ts'
import { isAlive } from './testing/alive.ts'

const never = new AbortController().signal
const pauses = { shortest: 10, longest: 40 }

/** A process that does what a line of shell says. */
const shell = (script: string): Promise<Running> =>
  startChild({ command: 'sh', args: ['-c', script], cwd: '/', environment: process.env, onLine: () => {} })

const sleeper = 'exec sleep 600'
const told = new EventEmitter<{ death: [Death]; returned: [] }>()
const reports = {
  onDeath: (death: Death) => void told.emit('death', death),
  onReturn: () => void told.emit('returned'),
}
let supervised: Supervised | undefined
afterEach(async () => {
  await supervised?.stop()
  told.removeAllListeners()
})

test('a process that was killed is named with its last lines and brought back', async () => {
  supervised = await supervise(
    { start: () => shell(`echo one; echo two; ${sleeper}`), pauses, ...reports },
    never,
  )
  const first = supervised.pid()!
  const [death, returned] = [once(told, 'death'), once(told, 'returned')]

  process.kill(first, 'SIGKILL')

  expect(await death).toEqual([
    { reason: { code: null, signal: 'SIGKILL' }, lastLines: ['one', 'two'], pause: 10 },
  ])
  await returned
  expect(supervised.pid()).not.toBe(first)
  expect(isAlive(supervised.pid()!)).toBe(true)
})

test('what does not get ready the first time is not tried again', async () => {
  let starts = 0
  const start = async () => {
    starts++
    throw new Error('PORT is not valid')
  }
  await expect(supervise({ start, pauses, ...reports }, never)).rejects.toThrow('PORT is not valid')
  expect(starts).toBe(1)
})

test('what dies again and again is brought back after longer and longer pauses', async () => {
  const deaths: Death[] = []
  const enough = new Promise<void>((resolve) => {
    told.on('death', (death) => deaths.push(death) === 5 && resolve())
  })
  supervised = await supervise({ start: () => shell('exit 3'), pauses, ...reports }, never)
  await enough
  expect(deaths.every(({ reason }) => 'code' in reason && reason.code === 3)).toBe(true)
  expect(deaths.map(({ pause }) => pause)).toEqual([10, 40, 40, 40, 40])
})

test('a restart is no death, and does not wait for a pause to end', async () => {
  const anHour = { shortest: 3_600_000, longest: 3_600_000 }
  let starts = 0
  const start = () => shell(++starts === 2 ? 'exit 1' : sleeper)
  supervised = await supervise({ start, pauses: anHour, ...reports }, never)
  const deaths: Death[] = []
  told.on('death', (death) => deaths.push(death))

  const died = once(told, 'death')
  supervised.restart()
  await died // the second, which pauses now

  const returned = once(told, 'returned')
  supervised.restart()
  await returned
  expect(starts).toBe(3)
  expect(deaths).toHaveLength(1)
})

test('stop ends a process for good, also while it is being brought back', async () => {
  let starts = 0
  const stuck = Promise.withResolvers<void>()
  const start = async (signal: AbortSignal): Promise<Running> => {
    if (++starts === 1) return await shell(sleeper)
    stuck.resolve()
    await once(signal, 'abort')
    throw signal.reason
  }
  supervised = await supervise({ start, pauses, ...reports }, never)
  const first = supervised.pid()!
  process.kill(first)
  await stuck.promise
  await supervised.stop()
  expect(supervised.pid()).toBeUndefined()
  expect(starts).toBe(2)
})
