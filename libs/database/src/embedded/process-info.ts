import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What the system says of a process that is alive: whose child it is, and how it was started. */
export const lookAt = (pid: number): { parent: number; command: string } | undefined => {
  const [, parent, state, command] = (process.platform === 'linux' ? fromProc(pid) : fromPs(pid)) ?? []
  // A zombie has ended; whoever started it has just not asked how.
  if (!command || state?.startsWith('Z')) return undefined
  return { parent: Number(parent), command }
}

/** Slim images have no `ps`. */
const fromProc = (pid: number) => {
  try {
    const stat = /\) (?<state>\S) (?<parent>\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.groups
    return ['', stat?.parent, stat?.state, readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
  } catch {
    return undefined
  }
}

const fromPs = (pid: number) => {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,stat=,args=', '-p', `${pid}`], { encoding: 'utf8' })
  return /^\s*(\d+)\s+(\S+)\s+(.*)$/m.exec(stdout)
}
