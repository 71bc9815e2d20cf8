import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, join } from 'node:path'

const source = /\.(ts|js|json|proto|prisma|sql|yaml)$/
const notSource = /\.test\.ts$/
const notFolders = ['node_modules', 'gen', 'generated', 'coverage']

/** A save is often several events: what happens within this many milliseconds is told at once. */
const settling = 100

/**
 * Tells which source files below some folders have changed, as paths, until it is closed. Tests, generated files
 * and installed packages are left out.
 *
 * Each folder is watched by itself: on Linux, Node's recursive watching loses a file from sight once an editor
 * has replaced it by another of its name, which is how most of them save.
 */
export const watchFiles = (
  folders: readonly string[],
  onChange: (files: string[]) => void,
): { close: () => void } => {
  const watchers = new Map<string, FSWatcher>()
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  const note = (file: string) => {
    if (!source.test(file) || notSource.test(file)) return
    changed.add(file)
    clearTimeout(timer)
    timer = setTimeout(() => {
      onChange([...changed])
      changed.clear()
    }, settling)
  }
  const forget = (folder: string) => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  const add = (folder: string, found: (file: string) => void) => {
    if (notFolders.includes(basename(folder))) return
    forget(folder)
    const watcher = watch(folder, (_, name) => name && look(join(folder, name)))
    watcher.on('error', () => forget(folder))
    watchers.set(folder, watcher)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) add(path, found)
      else found(path)
    }
  }
  const look = (path: string) => {
    const is = statSync(path, { throwIfNoEntry: false })
    // What a new folder holds by now was not seen coming.
    if (is?.isDirectory()) add(path, note)
    else note(path)
  }

  for (const folder of folders) add(folder, () => {})
  return {
    close() {
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
