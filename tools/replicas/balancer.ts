import { setTimeout as delay } from 'node:timers/promises'
import { clusters } from '../envoy/clusters.ts'
import { renderEnvoy } from '../envoy/render.ts'
import { writeResources } from '../envoy/resources.ts'
import { startChild } from '../start/child.ts'
import type { LogFile } from '../start/log-file.ts'

/** Where a service's replicas are, or will be. */
interface Places {
  readonly name: string
  readonly ports: readonly number[]
}

/**
 * Starts an Envoy before services that have several replicas each. It knows all their places, those that are empty too,
 * and finds out by its health checks who is there.
 */
export const startBalancer = async (options: {
  readonly envoy: string
  readonly directory: string
  readonly ports: Readonly<Record<'edge' | 'admin' | 'metrics', number>>
  readonly places: readonly Places[]
  readonly log: LogFile
}) => {
  const { envoy, directory, ports, places, log } = options
  const { args } = await renderEnvoy({
    directory,
    edge: { host: '127.0.0.1', port: ports.edge },
    adminPort: ports.admin,
    metricsPort: ports.metrics,
    services: places.map(({ name, ports }) => ({ name, host: '127.0.0.1', port: ports[0]! })),
  })
  await writeResources(directory, 'clusters.yaml', places.map(everyPlace))
  const child = await startChild({
    command: envoy,
    args,
    cwd: directory,
    environment: process.env,
    onLine: log.line,
  })

  const healthy = async (name: string) => {
    const figure = `cluster.${name}.membership_healthy`
    const answer = await fetch(`http://127.0.0.1:${ports.admin}/stats?filter=^${figure}$`).catch(
      () => undefined,
    )
    return Number((await answer?.text())?.split(':')[1] ?? 0)
  }
  return {
    /** host:port of the edge. */
    target: `127.0.0.1:${ports.edge}`,
    /** Resolves when this many replicas of a service are healthy. */
    available: async (name: string, replicas: number): Promise<void> => {
      while ((await healthy(name)) < replicas) await delay(50)
    },
    process: child,
  }
}

const everyPlace = ({ name, ports }: Places) => {
  const [one, ...others] = clusters(ports.map((port) => ({ name, host: '127.0.0.1', port })))
  one!.load_assignment.endpoints.push(...others.flatMap((other) => other.load_assignment.endpoints))
  // On a machine that starts three processes at once a healthy one may answer late.
  one!.health_checks = one!.health_checks.map((check) => ({ ...check, timeout: '30s' }))
  return one!
}
