import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../services.ts'
import { accountsFile } from './accounts.ts'
import { step, type Listener } from './events.ts'
import { lastWords } from './last-words.ts'
import { openLog } from './log-file.ts'
import { runToEnd } from './run.ts'

/**
 * Puts a few people, orders, files and messages into a data folder that has none, so that there is something to look at.
 * Without them the suite is as good: what goes wrong is told and no more.
 */
export const ensureDemoData = async (
  {
    directory,
    environment,
    endpoints,
    certificates,
  }: {
    directory: string
    environment: NodeJS.ProcessEnv
    endpoints: Readonly<Record<string, string>>
    certificates: string | undefined
  },
  onEvent: Listener,
  signal: AbortSignal,
): Promise<void> => {
  const filled = join(directory, 'demo-filled')
  if (existsSync(filled)) return
  const log = openLog(join(directory, 'logs', 'demo.log'))
  const work = async () => {
    const { succeeded, lastLines } = await runToEnd(
      {
        command: process.execPath,
        args: [
          join(workspace, 'tools/demo/main.ts'),
          JSON.stringify(endpoints),
          accountsFile(directory),
          ...(certificates ? [join(certificates, 'envoy')] : []),
        ],
        cwd: workspace,
        environment,
        onLine: log.line,
      },
      signal,
    )
    if (!succeeded) throw new Error(`The demo has no data: ${lastWords('demo', lastLines)}`)
    writeFileSync(filled, '')
  }
  await step(onEvent, 'demo', 'people, orders, files', work)
    .catch((error: Error) => {
      signal.throwIfAborted()
      onEvent({ type: 'note', text: error.message })
    })
    .finally(log.close)
}
