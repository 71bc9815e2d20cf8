import { join } from 'node:path'
import { workspace, type Service } from '../services.ts'
import { startChild, type Running } from './child.ts'
import { lastWords } from './last-words.ts'
import type { LogFile } from './log-file.ts'
import type { Ports } from './ports.ts'
import { untilReady } from './ready.ts'
import { runToEnd } from './run.ts'

/** What Envoy is started with, as `renderEnvoy` takes it. */
export interface EdgeOptions {
  readonly directory: string
  readonly edge: { readonly host: string; readonly port: number }
  readonly adminPort: number
  readonly metricsPort: number
  readonly services: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  readonly certificates?: string
}

export const edgeOptions = (
  directory: string,
  services: readonly Service[],
  ports: Ports,
  certificates: string | undefined,
): EdgeOptions => ({
  directory: join(directory, 'envoy'),
  edge: { host: '127.0.0.1', port: ports['edge']! },
  adminPort: ports['edge-admin']!,
  metricsPort: ports['edge-metrics']!,
  services: services.map(({ name }) => ({ name, host: '127.0.0.1', port: ports[name]! })),
  ...(certificates && { certificates: join(certificates, 'envoy') }),
})

/**
 * Renders the configuration from the contract as it is now, starts Envoy in it and resolves when the edge
 * answers and Envoy has found every service healthy. Throws one line when it does not get there.
 */
export const startEdge = async (
  {
    path,
    environment,
    log,
    ...options
  }: EdgeOptions & { path: string; environment: NodeJS.ProcessEnv; log: LogFile },
  signal: AbortSignal,
): Promise<Running> => {
  const args = await render(options, { environment, log }, signal)
  const child = await startChild({
    command: path,
    args,
    cwd: options.directory,
    environment,
    onLine: log.line,
  })
  await untilReady('envoy', child, (signal) => isReady(options, signal), signal)
  return child
}

/** In a process of its own: this one lives longer than a contract that is being worked on. */
const render = async (
  options: EdgeOptions,
  { environment, log }: { environment: NodeJS.ProcessEnv; log: LogFile },
  signal: AbortSignal,
): Promise<string[]> => {
  const { succeeded, lastLines } = await runToEnd(
    {
      command: process.execPath,
      args: [join(import.meta.dirname, 'render-edge.ts'), JSON.stringify(options)],
      cwd: workspace,
      environment,
      onLine: log.line,
    },
    signal,
  )
  if (!succeeded) throw new Error(`Envoy's configuration cannot be made: ${lastWords('envoy', lastLines)}`)
  return JSON.parse(lastLines.at(-1)!) as string[]
}

const isReady = async ({ edge, adminPort, services }: EdgeOptions, signal: AbortSignal): Promise<boolean> => {
  const { status } = await fetch(`http://127.0.0.1:${edge.port}/healthz`, { signal })
  if (status !== 200) return false
  const answer = await fetch(`http://127.0.0.1:${adminPort}/clusters?format=json`, { signal })
  const { cluster_statuses: clusters = [] } = (await answer.json()) as Clusters
  const hosts = (name: string) => clusters.find((cluster) => cluster.name === name)?.host_statuses ?? []
  return services.every(({ name }) => hosts(name).some(isHealthy))
}

interface Host {
  health_status: { eds_health_status: string }
}

interface Clusters {
  cluster_statuses?: { name: string; host_statuses?: Host[] }[]
}

/** A host that failed a check has a field for it beside the one that says how it was found. */
const isHealthy = ({ health_status: { eds_health_status: found, ...failures } }: Host) =>
  found === 'HEALTHY' && Object.keys(failures).length === 0
