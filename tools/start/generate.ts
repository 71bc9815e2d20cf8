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
  const said: string[] = []
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
    onLine(line: string) {
      log.line(line)
      if (line.startsWith('@')) said.push(line) // without what Nx says around it
    },
  }
  const work = async () => {
    const { succeeded } = await runToEnd(nx, signal)
    if (succeeded) return
    throw new Error(`npm run gen failed:\n${firstMistakes(said).join('\n')}\nAll of it: ${log.path}`)
  }
  await step(onEvent, 'gen', 'npm run gen', work).finally(log.close)
}

const mistakesShown = 12

/** What the generators said from the first complaint on: what follows from a mistake comes after it. */
const firstMistakes = (lines: readonly string[]): string[] => {
  const first = lines.findIndex((line) => /not generated|error/i.test(line))
  return lines.slice(Math.max(first, 0)).slice(0, mistakesShown)
}
