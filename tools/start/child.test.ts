import { startChild } from './child.ts'
import { lastWords } from './last-words.ts'

const start = (script: string, options: { grace?: number; onLine?: (line: string) => void } = {}) =>
  startChild({
    command: process.execPath,
    args: ['-e', script],
    cwd: '/',
    environment: process.env,
    onLine: () => {},
    ...options,
  })

test('a process that does not end when it is asked to is killed after its grace', async () => {
  const ready = Promise.withResolvers<string>()
  const child = await start(
    `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up')`,
    {
      grace: 50,
      onLine: ready.resolve,
    },
  )
  await ready.promise
  await child.stop()
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
})

test('the last lines are those of both outputs, and are complete when the process has ended', async () => {
  const child = await start(`for (let i = 1; i <= 30; i++) console.log(i); process.exit(1)`)
  await child.exited
  expect(child.lastLines()).toHaveLength(20)
  expect(child.lastLines().at(-1)).toBe('30')
})

test('a program that is not there is an error, not a crash', async () => {
  const nothing = startChild({ command: '/no/such', args: [], cwd: '/', environment: {}, onLine: () => {} })
  await expect(nothing).rejects.toThrow('ENOENT')
})

test.each([
  [['{"level":"fatal","msg":"database is down"}', '{"level":"info","msg":"stopped"}'], 'database is down'],
  [['user: PORT is not valid'], 'PORT is not valid'],
  [['file:///x.ts:3', 'TypeError: no [x]', '    at y', '', 'Node.js v24.21.0'], 'TypeError: no [x]'],
  [[], 'it said nothing'],
])('the last words of %j', (lines, words) => expect(lastWords('user', lines)).toBe(words))
