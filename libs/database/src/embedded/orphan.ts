import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lookAt } from './process-info.ts'

/** A server gets this setting on its command line: the pid of the process that started it. */
export const starterSetting = 'quartet.starter'

/** How long an orphan may take to write what it has in memory to disk, in milliseconds. */
const patience = 30_000

/**
 * Makes the data free for a new server after a start that was killed. Its server may still be shutting down, or have
 * lost its watchdog too: it is asked to end, and waited for. Or it is long gone, and its pid file names a process that
 * has nothing to do with it, which PostgreSQL itself cannot tell apart.
 *
 * @throws when a server is running on the data and the process that started it is too, or when it does not end.
 */
export const endOrphan = async (data: string): Promise<void> => {
  const pidFile = join(data, 'postmaster.pid')
  const deadline = Date.now() + patience
  for (let asked = false; ; asked = true) {
    const pid = readPid(pidFile)
    if (pid === undefined) return
    const server = lookAt(pid)
    if (!server?.command.includes(`-D ${data} `)) return rmSync(pidFile, { force: true })
    const starter = Number(new RegExp(`${starterSetting}=(\\d+)`).exec(server.command)?.[1])
    if (server.parent === starter) {
      throw new Error(
        `The data in ${data} is in use: process ${starter} has started PostgreSQL on it. Stop that one first.`,
      )
    }
    if (!asked) end(pid)
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL of a former start (process ${pid}) does not end: kill it.`)
    // Nothing tells when a process ends that is not one's own child.
    await delay(20)
  }
}

const end = (pid: number) => {
  try {
    process.kill(pid, 'SIGINT')
  } catch {
    // It is gone already, or somebody else's: the next look tells.
  }
}

const readPid = (file: string) => {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10)
  } catch {
    return undefined
  }
}
