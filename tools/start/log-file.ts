import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where a child's lines go. */
export interface LogFile {
  readonly path: string
  readonly line: (text: string) => void
  readonly close: () => void
}

const limit = 10 * 1024 * 1024

/**
 * Opens a log for a new run. What was there is kept beside it as `<path>.1`, once; the same happens when it
 * has grown past 10 MiB, so that two files bound it whatever runs for however long.
 * Lines that cannot be written (a full disk) are lost in silence: a log must not end what it tells of.
 */
export const openLog = (path: string): LogFile => {
  mkdirSync(dirname(path), { recursive: true })
  let size = 0
  let file: number | undefined
  const close = () => {
    if (file !== undefined) closeSync(file)
    file = undefined
  }
  const begin = () => {
    close()
    try {
      renameSync(path, `${path}.1`)
    } catch {
      // There was none yet.
    }
    file = openSync(path, 'a')
    size = 0
  }
  const line = (text: string) => {
    if (file === undefined) return
    try {
      size += writeSync(file, `${text}\n`)
      if (size > limit) begin()
    } catch {
      // See above.
    }
  }
  begin()
  return { path, line, close }
}
