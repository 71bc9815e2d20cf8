import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MetricsService } from '@quartet/proto/metrics'
import { examplesOf, type Example, type ServiceExamples } from '@quartet/testing'
import { services } from '@quartet/tools/services'

const read = async (folder: string): Promise<readonly ServiceExamples[]> => {
  const file = join(folder, 'src/examples.ts')
  if (!existsSync(file)) return []
  return ((await import(file)) as { examples: readonly ServiceExamples[] }).examples
}

/** What every service serves has no service to stand beside. */
const common = examplesOf(MetricsService, { watchProcessMetrics: { request: {} } })

const all = [common, ...(await Promise.all(services().map(({ folder }) => read(folder)))).flat()]

/** The example of an RPC, by its path ("/quartet.user.v1.UserService/GetUser"). */
export const examples: ReadonlyMap<string, Example> = new Map(
  all.flatMap(({ service, examples }) =>
    service.methods.flatMap(({ path, localName }) => {
      const example = examples[localName]
      return example ? [[path, example] as const] : []
    }),
  ),
)

/** The services that have examples, by name: those that have none do not answer anything yet. */
export const withExamples: ReadonlySet<string> = new Set(all.map(({ service }) => service.name))
