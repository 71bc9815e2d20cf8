import { spawn, spawnSync } from 'node:child_process'

/**
 * Runs the tests: all of them, or those under the folders named. `--long` runs the long campaigns instead
 * (`*.long.test.ts`), `--cluster` those that need a Kubernetes (`*.cluster.test.ts`). What is generated is brought up to
 * date first. Other options go to Jest (`-t name`, `--watch`).
 */
const given = process.argv.slice(2)
const kinds = ['long', 'cluster']
const kind = kinds.find((one) => given.includes(`--${one}`))
const root = `${import.meta.dirname}/..`

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
    ...given.filter((argument) => argument !== `--${kind}`),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    // Nx forces colours, and tests compare what programs print.
    env: { ...process.env, FORCE_COLOR: undefined, ...(kind && { TEST_KIND: kind }) },
  },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal))
jest.on('exit', (code) => process.exit(code ?? 1))
