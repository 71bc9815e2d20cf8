import { join, relative } from 'node:path'
import { workspace, type Service } from '../services.ts'
import { planFor, watchedFolders } from './changes.ts'
import type { Listener } from './events.ts'
import { generate } from './generate.ts'
import type { Suite } from './suite.ts'
import { watchFiles } from './watch-files.ts'

/**
 * Restarts what a changed source file concerns, until it is closed; generated code first. Where that fails
 * everything goes on as it was, and the failure is told.
 */
export const reloadOnChange = (
  suite: Suite,
  options: { services: readonly Service[]; directory: string; environment: NodeJS.ProcessEnv },
  onEvent: Listener,
): { close: () => void } => {
  const closed = new AbortController()

  const apply = async (files: string[]) => {
    const paths = files.map((file) => relative(workspace, file))
    const plan = planFor(
      paths,
      options.services.map(({ name }) => name),
    )
    if (plan.restart.size === 0) return
    onEvent({
      type: 'note',
      text: `${paths.join(', ')} changed: restarting ${[...plan.restart].join(', ')}.`,
    })
    try {
      if (plan.generate) await generate(options, onEvent, closed.signal)
      for (const name of plan.restart) suite.restart(name)
    } catch (error) {
      if (closed.signal.aborted) return
      onEvent({ type: 'note', text: `${(error as Error).message}\nWhat runs stays as it was.` })
    }
  }

  // One after the other: a change that comes while code is generated waits for its turn.
  let queue = Promise.resolve()
  const watcher = watchFiles(
    watchedFolders.map((folder) => join(workspace, folder)),
    (files) => {
      queue = queue.then(() => apply(files))
    },
  )
  return {
    close() {
      watcher.close()
      closed.abort()
    },
  }
}
