import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { allServices as contract } from '@quartet/proto/all'
import { descriptorSetPath } from '@quartet/proto/descriptor-set'
import { services as backends, workspace } from '../services.ts'
import { clusters, type Endpoint } from './clusters.ts'
import { allowedOrigins } from './cors.ts'
import { edgeConfig } from './edge-config.ts'
import { replaceFile } from './replace-file.ts'
import { writeResources } from './resources.ts'
import { routeConfiguration } from './routes.ts'
import { secrets } from './upstream-tls.ts'

/** What the edge of one installation needs to know. */
export interface Edge {
  /** A folder for Envoy's files; made if it is missing. Envoy must be started in it. */
  readonly directory: string
  /** Where callers come in. The host is an IP address, '0.0.0.0' for all. */
  readonly edge: { readonly host: string; readonly port: number }
  /** The admin interface, on 127.0.0.1 only. */
  readonly adminPort: number
  /** `/metrics` for Prometheus, on the edge's host. */
  readonly metricsPort: number
  /** Where the services are. One that is not listed gets no route. */
  readonly services: readonly Endpoint[]
  /**
   * The absolute path of a folder with tls.crt, tls.key and ca.crt: Envoy proves itself to the services with them, and
   * they must to it, each by its name. Plaintext unless given.
   */
  readonly certificates?: string
}

/** What Envoy is started with, in the folder of its files. */
export const envoyArguments = [
  '-c',
  'envoy.yaml',
  '--disable-hot-restart',
  '--concurrency',
  '2',
  '--log-level',
  'warning',
]

/**
 * Writes everything that Envoy reads, and returns the arguments to start it with in that folder. An Envoy
 * that runs there picks up changed routes and services at once; a changed envoy.yaml, and JSON for a changed
 * contract, only when it is started again. Needs `npm run gen` to have run.
 */
export const renderEnvoy = async (edge: Edge): Promise<{ args: string[] }> => {
  const running = backends().filter(({ name }) => edge.services.some((service) => service.name === name))
  await mkdir(edge.directory, { recursive: true })
  await replaceFile(
    edge.directory,
    'envoy.yaml',
    edgeConfig(await readFile(join(workspace, 'envoy/envoy.yaml'), 'utf8'), {
      ...edge.edge,
      adminPort: edge.adminPort,
      metricsPort: edge.metricsPort,
      services: contract.map(({ name }) => name),
    }),
  )
  await replaceFile(edge.directory, 'contract.binpb', await readFile(descriptorSetPath))
  // Clusters first: a route takes effect at once, and must find where it leads.
  if (edge.certificates)
    for (const secret of secrets(edge.certificates))
      await writeResources(edge.directory, `${secret.name}.yaml`, [secret])
  const tls = edge.certificates !== undefined
  await writeResources(edge.directory, 'clusters.yaml', clusters(edge.services, { tls }))
  await writeResources(edge.directory, 'routes.yaml', [routeConfiguration(contract, running, allowedOrigins)])
  return { args: envoyArguments }
}
