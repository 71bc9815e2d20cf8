import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** Whether a process runs; one that has ended and waits for its parent to notice (state Z) does not. */
export const isAlive = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return /^[^Z]/.test(stdout.trim())
}

/** Resolves when none of the processes runs any more. */
export const untilGone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some(isAlive)) await delay(20)
}
