import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'

/** The user that PostgreSQL runs as when that is not the user of this process. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root, as which much runs in containers and CI. Root hands it to the owner of the data
 * there is, else to `postgres`, else to `nobody`. Undefined for everybody but root.
 *
 * @throws when this is root and none of these users exists.
 */
export const serverAccount = (data: string): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(data, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const account = named('postgres') ?? named('nobody')
  if (!account) {
    throw new Error(
      'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it: add one, start as another user, or set DATABASE_URL.',
    )
  }
  return account
}

const named = (name: string): Account | undefined => {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }))
  if (uid?.status !== 0 || gid?.status !== 0) return undefined
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}

/** What `spawn` needs to run something as the account. Its folder is one that every user may be in. */
export const as = (account: Account | undefined) => ({
  cwd: '/',
  ...(account && { uid: account.uid, gid: account.gid }),
})
