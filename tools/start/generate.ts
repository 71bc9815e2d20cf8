import { delimiter, join } from 'node:path'
import { workspace } from '../services.ts'
import { step, type Listener } from './events.ts'
import { openLog } from './log-file.ts'
import { runToEnd } from './run.ts'

/**
 * Brings generated code up to date with the contract and the schemas; Nx knows what has changed.
 * Throws what the generators said when one refuses; logs/gen.log has all of it.
 */
export const generate = async (
  { directory, environment }: { directory: string; environment: NodeJS.ProcessEnv },
  onEvent: Listener,
  signal: AbortSignal,
): Promise<void> => {
  const log = openLog(join(directory, 'logs', 'gen.log'))
  const bin = join(workspace, 'node_modules', '.bin')
  const nx = {
    command: join(bin, 'nx'),
    args: ['run-many', '-t', 'gen', '--outputStyle=stream'],
    cwd: workspace,
    // Its daemon would outlive the start.
    environment: {
      ...environment,
      PATH: `${bin}${delimiter}${environment['PATH']}`,
      NX_DAEMON: 'false',
      NO_COLOR: '1',
    },
    onLine: log.line,
  }
  const work = async () => {
    const { succeeded, lastLines } = await runToEnd(nx, signal)
    if (succeeded) return
    const words = lastLines.filter((line) => line.startsWith('@')) // without what Nx says around it
    throw new Error(`npm run gen failed:\n${words.join('\n')}\nAll of it: ${log.path}`)
  }
  await step(onEvent, 'gen', 'npm run gen', work).finally(log.close)
}
