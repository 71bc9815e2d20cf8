import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Writes a value so that a reader sees all of it or none: to a file beside it, which then takes its name. */
export const writeJson = (path: string, value: unknown, mode = 0o644): void => {
  const unfinished = `${path}.new`
  writeFileSync(unfinished, `${JSON.stringify(value, undefined, 2)}\n`, { mode })
  renameSync(unfinished, path)
}

/** The value in a file, or undefined where there is no file. Throws one line when it is not JSON. */
export const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} cannot be read (${(error as Error).message}). Mend or remove it.`, {
      cause: error,
    })
  }
}
