import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Makes this process the only start in a data folder, which it creates, until `release` or its own death.
 * Throws one line when another start runs there (with its pid) or when the folder cannot be written.
 *
 * SQLite is here for its lock on an empty file: the operating system takes it back however the process
 * ends, so there is no stale one to heal, and a reused pid is never taken for the owner.
 */
export const lockFolder = (directory: string): { release: () => void } => {
  const owner = join(directory, 'start.pid')
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true })
    lock = new DatabaseSync(join(directory, 'start.lock'), { timeout: 0 })
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    writeFileSync(owner, String(process.pid))
  } catch (error) {
    lock?.close()
    throw new Error(explain(error as Error, directory), {
      cause: error,
    })
  }
  return { release: () => lock.close() }
}

const busy = 5 // SQLITE_BUSY

const explain = ({ errcode, message }: Error & { errcode?: number }, directory: string): string => {
  if (errcode === busy) {
    const pid = readFileSync(join(directory, 'start.pid'), 'utf8')
    return `Quartet already runs here as process ${pid}. Stop it with Ctrl-C there, or: kill ${pid}`
  }
  // Node ends such a message with the call that failed: "EACCES: permission denied, mkdir '...'".
  const [reason] = message.split(', ')
  return `${directory} cannot be written (${reason}). Make it a folder that this user may write.`
}
