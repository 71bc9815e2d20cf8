import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { allServices } from '@quartet/proto/all'
import type { Method } from '@quartet/proto/contract'
import { MetricsService } from '@quartet/proto/metrics'
import { examplesOf, type Example, type ServiceExamples } from '@quartet/testing'
import { services } from '../services.ts'

const read = async (folder: string): Promise<readonly ServiceExamples[]> => {
  const file = join(folder, 'src/examples.ts')
  if (!existsSync(file)) return []
  return ((await import(file)) as { examples: readonly ServiceExamples[] }).examples
}

/** What every service serves has no service to stand beside. */
const common = examplesOf(MetricsService, {
  watchProcessMetrics: { request: { metrics: ['METRIC_CPU'], interval: { seconds: 1 } } },
})

const all = [common, ...(await Promise.all(services().map(({ folder }) => read(folder)))).flat()]

const byPath: ReadonlyMap<string, Example> = new Map(
  all.flatMap(({ service, examples }) =>
    service.methods.flatMap(({ path, localName }) => {
      const example = examples[localName]
      return example ? [[path, example] as const] : []
    }),
  ),
)

/** Every RPC of the contract. */
export const methods: readonly Method[] = allServices.flatMap(({ methods }) => methods)

/**
 * The example of an RPC.
 * @throws Error in one line where it has none: an RPC does not come without.
 */
export const exampleOf = ({ path }: Method): Example => {
  const example = byPath.get(path)
  if (example) return example
  throw new Error(`${path} has no example: add one to src/examples.ts of the service that answers it`)
}
