import { once } from 'node:events'
import { join } from 'node:path'
import { services, workspace } from '../services.ts'
import { describeError } from './describe-error.ts'
import { untilAskedToStop } from './ending.ts'
import { readOptions, usage } from './options.ts'
import { createOutput } from './output.ts'
import { reloadOnChange } from './reload.ts'
import { showEvents } from './show-events.ts'
import { startSuite } from './suite.ts'
import { showSummary } from './summary.ts'

const environment = process.env
const directory = join(workspace, '.quartet')
const output = createOutput(process.stdout)
const asked = untilAskedToStop(environment)

const runSuite = async () => {
  const options = readOptions(process.argv.slice(2), environment)
  if (options.help) return output.line(usage)

  const common = { directory, services: services(), environment }
  output.line('Quartet starts')
  asked.addEventListener('abort', () => output.line('Quartet stops'))
  const logs = options.watch ? common.services.map(({ name }) => name) : []
  const onEvent = showEvents(output, { logs })
  const suite = await startSuite({
    ...options,
    ...common,
    generate: true,
    demoData: true,
    onEvent,
    signal: asked,
  })
  const watcher = options.watch ? reloadOnChange(suite, common, onEvent) : undefined
  showSummary(output, suite, { directory, milliseconds: performance.now() })

  if (!asked.aborted) await once(asked, 'abort')
  watcher?.close()
  await suite.stop()
}

await runSuite().catch((error: unknown) => {
  // Whoever gives a start up sees no failure.
  if (asked.aborted) return
  console.error(describeError(error))
  process.exitCode = 1
})
process.exit()
