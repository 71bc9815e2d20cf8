import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'

/** The folder that all of this is about. */
export const proto = join(import.meta.dirname, '..')

const PATH = [join(proto, '../node_modules/.bin'), process.env.PATH].join(delimiter)

/** Runs one of the workspace's tools in `proto/`. Throws an `Error` that says what the tool complained of. */
export function run(tool: string, args: readonly string[]): void {
  const { error, status, stdout, stderr } = spawnSync(tool, args, {
    cwd: proto,
    env: { ...process.env, PATH },
    encoding: 'utf8',
  })
  if (error) throw error
  if (status !== 0) throw new Error((stderr || stdout || `${tool} failed`).trim())
}
