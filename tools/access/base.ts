import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { workspace } from '../services.ts'

/** What a tool prints. Throws one line when it fails. */
const run = (command: string, args: string[], cwd = workspace): string => {
  const PATH = [join(workspace, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, PATH },
    encoding: 'utf8',
  })
  if (status === 0) return stdout.trim()
  throw new Error(`${command} ${args[0]}: ${(stderr || error?.message || 'failed').trim()}`)
}

/**
 * The commit that this work began at: where it left the branch that it will go back to, which is the first of `refs` that
 * there is. Undefined outside of a clone that has one.
 */
export const baseCommit = (refs: readonly string[]): string | undefined => {
  for (const ref of refs) {
    try {
      return run('git', ['merge-base', 'HEAD', ref])
    } catch {
      // Not this one.
    }
  }
  return undefined
}

/** The contract as it was at a commit, as a serialized FileDescriptorSet. */
export const contractAt = (commit: string): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-contract-'))
  try {
    run('git', ['archive', '--output', join(folder, 'proto.tar'), commit, 'proto'])
    run('tar', ['-xf', 'proto.tar'], folder)
    // What is generated there depends on a package alone.
    const generated = 'proto/gen/third_party'
    cpSync(join(workspace, generated), join(folder, generated), { recursive: true })
    run('buf', ['build', '-o', join(folder, 'contract.binpb')], join(folder, 'proto'))
    return readFileSync(join(folder, 'contract.binpb'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The pages of docs/decisions that were written or changed since a commit, committed or not. */
export const decisionsSince = (commit: string): string[] => {
  const changed = run('git', ['diff', '--name-only', '--diff-filter=d', commit, '--', 'docs/decisions'])
  const added = run('git', ['ls-files', '--others', '--exclude-standard', '--', 'docs/decisions'])
  return [...changed.split('\n'), ...added.split('\n')]
    .filter((file) => file !== '')
    .map((file) => readFileSync(join(workspace, file), 'utf8'))
}
