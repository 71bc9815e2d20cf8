import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'quartet-reporter-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const config = {
    rootDir: folder,
    reporters: ['default', join(import.meta.dirname, 'reporter.js')],
    transform: {},
  }
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js')
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, jest, '--config', JSON.stringify(config)],
    { encoding: 'utf8' },
  )
  return stdout.trim().split('\n')
}

test('the last lines name what the machine lacks and count, with a file that cannot be run as a failure', () => {
  const lines = run({
    'a.test.js': `
      test('passes', () => {})
      test('fails', () => expect(1).toBe(2))
      test.skip('is skipped', () => {})
      describe.skip('[needs Envoy]', () => { test('one', () => {}); describe('inner', () => test('two', () => {})) })`,
    'b.test.js': `syntax error`,
    'c.test.js': `throw new Error('while it loads')`,
  })
  expect(lines.slice(-2)).toEqual([
    'Not tested, because this machine lacks Envoy: 2 tests',
    '1 passed, 3 failed, 3 skipped',
  ])
})
