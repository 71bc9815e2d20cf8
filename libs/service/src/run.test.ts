import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a main function in a process of its own: what it prints, and how it ends. */
const start = (main: string, env: Record<string, string> = {}) => {
  const program = `import { run } from ${JSON.stringify(`${import.meta.dirname}/run.ts`)}\nrun('demo', ${main})`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    env: { ...process.env, ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()))
  return { child, output, ended: once(child, 'close').then(([code]) => code as number) }
}

const running = `async ({ onStop }) => {
  const timer = setInterval(() => {}, 1000)
  onStop(() => { clearInterval(timer); console.log('first') })
  onStop(async () => { await null; console.log('second') })
  console.log('up')
}`

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops in reverse order and ends with 0', async (signal) => {
  const { child, output, ended } = start(running)
  await once(child.stdout, 'data')
  child.kill(signal)
  expect(await ended).toBe(0)
  expect(output.stdout).toBe('up\nsecond\nfirst\n')
})

test('a second signal ends at once', async () => {
  const { child, output, ended } = start(`async ({ onStop }) => {
    setInterval(() => {}, 1000)
    onStop(() => { console.log('stopping'); return new Promise(() => {}) })
    console.log('up')
  }`)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  while (!output.stdout.includes('stopping')) await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await ended).toBe(130)
})

test('a start that fails says why in one line, stops what it had started, and ends with 1', async () => {
  const { output, ended } = start(`async ({ onStop }) => {
    onStop(() => console.log('stopped'))
    throw new Error('the database is\\n  down: start it')
  }`)
  expect(await ended).toBe(1)
  expect(output).toEqual({ stdout: 'stopped\n', stderr: 'demo: the database is down: start it\n' })
})

test('a mistake in the code comes with its stack', async () => {
  const { output, ended } = start(`async () => undefined.x`)
  expect(await ended).toBe(1)
  expect(output.stderr).toMatch(/demo: TypeError: .*\n\s+at /)
})

test('what nobody caught stops the process, with 1', async () => {
  const { output, ended } = start(`async ({ onStop }) => {
    onStop(() => console.log('stopped'))
    setTimeout(() => { throw new Error('out of the blue') }, 1)
  }`)
  expect(await ended).toBe(1)
  expect(output.stdout).toBe('stopped\n')
  expect(output.stderr).toContain('out of the blue')
})
