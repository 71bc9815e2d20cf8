import { execFile, type ExecFileException } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

/** The Envoy that is fetched where none is found, and that the tests are written against. */
export const pinnedVersion = '1.40.0'

/** The first with the filter body_size_limit, which envoy.yaml uses. */
export const oldestVersion = '1.40'

/** The version of the Envoy at `path`, or why it cannot be used, as the end of a sentence: 'is Envoy 1.30.2, ...'. */
export const checkEnvoy = async (path: string): Promise<{ version: string } | { unusable: string }> => {
  const output = await promisify(execFile)(path, ['--version'], { timeout: 10_000 }).then(
    ({ stdout }) => stdout,
    (error: ExecFileException) => error,
  )
  if (typeof output !== 'string') return { unusable: whyNot(path, output) }
  const version = /\b\d+\.\d+\.\d+\b/.exec(output)?.[0]
  if (!version) return { unusable: 'is not an Envoy' }
  if (isOlder(version, oldestVersion)) {
    return { unusable: `is Envoy ${version}, and ${oldestVersion} or newer is needed` }
  }
  return { version }
}

const whyNot = (path: string, { code, stderr, message }: ExecFileException): string => {
  // A binary whose C library is not there is reported as missing itself.
  if (code === 'ENOENT') return existsSync(path) ? 'is made for another C library' : 'does not exist'
  return `does not run here (${stderr?.trim().split('\n').at(-1) || message})`
}

const isOlder = (version: string, than: string) => version.localeCompare(than, 'en', { numeric: true }) < 0
