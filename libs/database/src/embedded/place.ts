import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { as, serverAccount, type Account } from './account.ts'
import { explainFileError } from './file-error.ts'

/** Where root keeps what PostgreSQL's own user could not reach in its place, below a folder that is private to root. */
const publicFolder = '/var/lib/quartet'

/**
 * Where the data of `dataDir` lives: there. Only when this is root and a folder above is closed to the user that
 * PostgreSQL has to run as, it is a folder in /var/lib/quartet with a name that follows from the path.
 */
export const dataLocation = (dataDir: string): string => {
  const requested = resolve(dataDir)
  const parent = existingParent(requested)
  if (reachable(parent, serverAccount(requested)))
    return join(realpathSync(parent), requested.slice(parent.length))
  const hash = createHash('sha256').update(requested).digest('hex').slice(0, 12)
  return join(publicFolder, `${basename(requested)}-${hash}`)
}

/** Forgets the data of `dataDir`, wherever it lives. PostgreSQL must not be running on it. */
export const removeData = (dataDir: string): void => {
  rmSync(dataLocation(dataDir), { recursive: true, force: true })
}

/** Makes the folders above the data, and says where it lives. */
export const prepareLocation = (dataDir: string): string => {
  makeFolder(dirname(resolve(dataDir)))
  const location = dataLocation(dataDir)
  if (dirname(location) === publicFolder) makePublicFolder()
  return location
}

/** Makes the folder for what PostgreSQL's own user has to reach. */
export const makePublicFolder = (): string => {
  makeFolder(publicFolder)
  // A umask may have made it private to root, which is what it is there to avoid.
  chmodSync(publicFolder, 0o755)
  return publicFolder
}

const makeFolder = (folder: string) => {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw explainFileError(folder, error)
  }
}

const existingParent = (path: string): string => {
  const parent = dirname(path)
  return existsSync(parent) ? parent : existingParent(parent)
}

/** Asks the system instead of reading modes: they are not all there is to it (groups, ACLs, mounts). */
const reachable = (folder: string, account: Account | undefined) =>
  !account || spawnSync('test', ['-x', folder], as(account)).status === 0
