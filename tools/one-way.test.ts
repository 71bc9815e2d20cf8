import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { workspace } from './services.ts'

/** Lints one file that imports `from`, in a folder that has the workspace's own rules. */
const lint = (file: string, from: string) => {
  const root = mkdtempSync(join(tmpdir(), 'quartet-lint-'))
  cpSync(join(workspace, '.oxlintrc.json'), join(root, '.oxlintrc.json'))
  mkdirSync(join(root, dirname(file)), { recursive: true })
  writeFileSync(join(root, file), `import { x } from '${from}'\nexport const y = x\n`)
  // Without types: what may be imported shows in the text.
  const { status, stdout } = spawnSync(
    join(workspace, 'node_modules/.bin/oxlint'),
    ['-D', 'correctness', file],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  rmSync(root, { recursive: true })
  return status === 0 ? 'fine' : /no-restricted-imports/.test(stdout) ? 'refused' : stdout
}

test.each([
  ['proto/x.ts', '@quartet/rpc', 'refused'],
  ['libs/database/src/x.ts', '@quartet/rpc', 'refused'],
  ['libs/rpc/src/x.ts', '@quartet/auth', 'refused'],
  ['libs/rpc/src/x.ts', '@quartet/proto/user', 'fine'],
  ['libs/auth/src/x.ts', '@quartet/database', 'refused'],
  ['libs/auth/src/x.ts', '@quartet/rpc', 'fine'],
  ['libs/events/src/x.ts', '@quartet/service', 'refused'],
  ['libs/events/src/x.ts', '@quartet/database', 'fine'],
  ['services/user/src/x.ts', '@quartet/order', 'refused'],
  ['services/user/src/x.ts', '@quartet/database', 'fine'],
  ['services/user/src/x.ts', '../../../libs/rpc/src/server.ts', 'refused'],
])('%s may not import against the grain: %s is %s', (file, from, expected) => {
  expect(lint(file, from)).toBe(expected)
})
