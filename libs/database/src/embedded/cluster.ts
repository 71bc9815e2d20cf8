import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { explainFileError } from './file-error.ts'
import { runInitdb } from './initdb.ts'

/** The files that a server runs on, and the password of its superuser `postgres`. */
export interface Cluster {
  readonly data: string
  readonly password: string
}

/**
 * The files in `folder`, made the first time.
 *
 * @throws one line when the folder cannot be used, holds something else, or holds data of another major version.
 */
export const openCluster = async (
  folder: string,
  { initdb, version }: Binaries,
  { account, durable }: { account: Account | undefined; durable: boolean },
): Promise<Cluster> => {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  try {
    makePrivate(folder, account)
    if (!existsSync(data)) {
      if (!existsSync(passwordFile)) writePassword(passwordFile, account)
      await runInitdb(initdb, { data, passwordFile, account, durable })
    }
    const writtenBy = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
    if (writtenBy !== version) {
      throw new Error(
        `The data in ${data} was written by PostgreSQL ${writtenBy}, and this is ${version}: move it with pg_dump, or start afresh without it.`,
      )
    }
    return { data, password: readFileSync(passwordFile, 'utf8').trim() }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? explainFileError(folder, error) : error
  }
}

const ownNames = new Set(['data', 'data.new', 'password', 'password.new'])

const makePrivate = (folder: string, account: Account | undefined) => {
  if (!existsSync(folder)) mkdirSync(folder)
  // Taking over a folder that holds something else would lock its owner out.
  const stranger = readdirSync(folder).find((name) => !ownNames.has(name))
  if (stranger) {
    throw new Error(`The folder ${folder} holds ${stranger}, and no data of PostgreSQL: name another folder.`)
  }
  if (account) chownSync(folder, account.uid, account.gid)
  chmodSync(folder, 0o700)
}

const writePassword = (file: string, account: Account | undefined) => {
  writeFileSync(`${file}.new`, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 })
  if (account) chownSync(`${file}.new`, account.uid, account.gid)
  renameSync(`${file}.new`, file)
}
