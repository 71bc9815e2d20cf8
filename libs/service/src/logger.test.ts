import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a service's main function that has a logger, in a process of its own. */
const start = (body: string) => {
  const program = `
    import { createLogger } from ${JSON.stringify(`${import.meta.dirname}/logger.ts`)}
    import { run } from ${JSON.stringify(`${import.meta.dirname}/run.ts`)}
    run('demo', async ({ onStop, useLogger }) => {
      const logger = createLogger('demo', 'info')
      useLogger(logger)
      ${body}
    })`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
  let stdout = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  return {
    child,
    ended: once(child, 'close').then(([code]) => code as number),
    messages: () =>
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
  }
}

const logsOnSignal = `
  setInterval(() => {}, 1000)
  process.prependListener('SIGTERM', () => { for (let i = 0; i < 1000; i++) logger.info('line ' + i) })
  process.stderr.write('up')`

test('what is logged right before SIGTERM is written, and what is logged while stopping', async () => {
  const { child, ended, messages } = start(`onStop(() => logger.info('last')); ${logsOnSignal}`)
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}`)
  expect(messages()).toEqual([...lines, 'stopping', 'last', 'stopped'])
})

test('a second signal, which ends the process at once, loses no line', async () => {
  const { child, ended, messages } = start(`
    onStop(() => { process.stderr.write('stopping'); return new Promise(() => {}) })
    ${logsOnSignal}`)
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  expect(await ended).toBe(130)
  expect(messages()).toHaveLength(2 * 1001)
})

test('nor does an error that nobody caught', async () => {
  const { ended, messages } = start(`setTimeout(() => { logger.info('before'); throw new Error('lost') }, 1)`)
  expect(await ended).toBe(1)
  expect(messages()).toEqual(['before', 'uncaught', 'stopped'])
})

test('a quiet process writes its lines all the same', async () => {
  const { child, ended, messages } = start(`setInterval(() => {}, 1000); logger.info('quiet')`)
  await once(child.stdout, 'data')
  expect(messages()).toEqual(['quiet'])
  child.kill('SIGKILL')
  await ended
})
