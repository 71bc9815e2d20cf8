import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@quartet/testing'
import { clusters } from '../envoy/clusters.ts'
import { services, workspace } from '../services.ts'
import { environmentOf, hasKubectl, installations } from './render.ts'

const names = services().map(({ name }) => name)
const read = (file: string) => readFileSync(join(workspace, file), 'utf8')
const seconds = (text: unknown) => Number.parseFloat(String(text))

/** Until Envoy has noticed that a replica has come, or that one says NOT_SERVING. */
const noticed = (() => {
  const [cluster] = clusters([{ name: 'any', host: 'any', port: 1 }])
  if (!cluster || !('cluster_type' in cluster)) throw new Error('replicas are not looked up in DNS')
  const [check] = cluster.health_checks
  return seconds(cluster.cluster_type.typed_config.dns_refresh_rate) + seconds(check!.interval)
})()

/** For what comes before and after: the database's connections, the log's last lines, the telling of Envoy. */
const rest = 5

describeWith('kubectl', hasKubectl, () => {
  const cases = hasKubectl ? Object.entries(installations) : []
  const deployment = (installation: string, name: string) =>
    installations[installation]!().find((one) => one.kind === 'Deployment' && one.metadata.name === name)!
      .spec

  test.each(cases.flatMap(([installation]) => names.map((name) => [installation, name])))(
    '%s: %s drains before it is killed, and not before the others have noticed',
    (installation, name) => {
      const environment = environmentOf(installations[installation]!(), name)
      const accept = Number(environment['DRAIN_ACCEPT_MS']) / 1000
      const grace = Number(environment['DRAIN_GRACE_MS']) / 1000
      const { template, minReadySeconds } = deployment(installation, name)
      expect(accept).toBeGreaterThan(noticed)
      expect(minReadySeconds).toBeGreaterThan(noticed)
      expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(accept + grace + rest)
    },
  )

  test.each(cases)('%s: Envoy is taken out of service before it is stopped', (installation) => {
    const { terminationGracePeriodSeconds, containers } = deployment(installation, 'envoy').template.spec
    const [{ lifecycle, readinessProbe }] = containers
    expect(readinessProbe.httpGet.path).toBe('/healthz')
    expect(lifecycle.preStop.exec.command).toEqual(['bash', '/etc/quartet/drain.sh'])
    const [, most] = /^seconds=\$\{1:-(\d+)\}$/m.exec(read('envoy/drain.sh'))!
    const [, drain] = /"--drain-time-s", "(\d+)"/.exec(read('Dockerfile'))!
    expect(seconds(most)).toBeGreaterThan(seconds(drain))
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(seconds(most) + rest)
  })
})
