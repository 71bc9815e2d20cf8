import { spawn, spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/**
 * Runs the tests: all of them, or those under the folders named. `--long` runs the long campaigns instead
 * (`*.long.test.ts`). What is generated is brought up to date first. Other options go to Jest (`-t name`, `--watch`).
 */
const { values, positionals, tokens } = parseArgs({
  options: { long: { type: 'boolean' } },
  allowPositionals: true,
  strict: false,
  tokens: true,
})
const root = `${import.meta.dirname}/..`
const jestOptions = tokens.flatMap((token) =>
  token.kind === 'option' && token.name !== 'long'
    ? [token.rawName, ...(token.value ? [token.value] : [])]
    : [],
)

// Under Nx the target's dependencies have run already.
if (!process.env['NX_TASK_TARGET_TARGET']) {
  const generated = spawnSync('npx', ['nx', 'run-many', '-t', 'gen', '--outputStyle=static'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (generated.status !== 0) {
    console.error(generated.stdout, generated.stderr)
    process.exit(1)
  }
}

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules', // Jest runs ES modules only with it
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...jestOptions,
    ...positionals,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...(values['long'] ? { LONG: '1' } : {}) } },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal))
jest.on('exit', (code) => process.exit(code ?? 1))
