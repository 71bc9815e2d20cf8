import { describeWith } from '@quartet/testing'
import { services } from '../services.ts'
import {
  containersOf,
  hasKubectl,
  installations,
  renderFolder,
  selects,
  workloads,
  type Manifest,
} from './render.ts'

const overlays = hasKubectl
  ? Object.entries(installations).flatMap(([installation, render]) => {
      const manifests = render()
      return workloads(manifests).map((workload) => ({
        workload,
        manifests,
        name: `${installation}: ${workload.kind} ${workload.metadata.name}`,
      }))
    })
  : []
const lasting = overlays.filter(({ workload }) => workload.kind === 'Deployment')

/** Milliseconds that a container may take to drain, as its environment says. */
const drain = (container: any): number =>
  container.env
    .filter(({ name }: { name: string }) => name.startsWith('DRAIN_'))
    .reduce((sum: number, { value }: { value: string }) => sum + Number(value), 0)

describeWith('kubectl', hasKubectl, () => {
  test.each(overlays)('$name runs under Pod Security "restricted", with limits', ({ workload }) => {
    const pod = workload.spec.template.spec
    expect(pod).toMatchObject({
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      },
    })
    expect(pod.automountServiceAccountToken).toBe(workload.metadata.name === 'secrets')
    expect(pod).not.toHaveProperty('hostNetwork')
    for (const container of containersOf(workload)) {
      expect(container).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: {
          requests: { cpu: expect.anything(), memory: container.resources.limits.memory },
          limits: { cpu: expect.anything() },
        },
      })
      expect(container.image).toMatch(/^[a-z./-]+:(?!latest)[\w.-]+$/)
    }
  })

  test.each(lasting)('$name is probed, spread, and drained before it is killed', ({ workload }) => {
    const { spec } = workload.spec.template
    for (const container of spec.containers) {
      expect(container).toMatchObject({
        startupProbe: expect.anything(),
        readinessProbe: expect.anything(),
        livenessProbe: expect.anything(),
      })
      if (container.env)
        expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(drain(container) + 5_000)
    }
    const topologies = spec.topologySpreadConstraints.map(
      ({ topologyKey }: { topologyKey: string }) => topologyKey,
    )
    expect(topologies).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone'])
  })

  test.each(lasting)('$name has a disruption budget, and a new replica before an old one goes', (of) => {
    const { workload, manifests } = of
    const labels = workload.spec.template.metadata.labels
    const about = (kind: string, selectorOf: (manifest: Manifest) => any) =>
      manifests.filter((one) => one.kind === kind && selects(selectorOf(one), labels))
    expect(about('PodDisruptionBudget', ({ spec }) => spec.selector)).toHaveLength(1)
    const scaled = manifests.filter(
      ({ kind, spec }) =>
        kind === 'HorizontalPodAutoscaler' && spec.scaleTargetRef.name === workload.metadata.name,
    )
    // A volume is the one reason to have one replica only, which is then replaced, not joined.
    const onVolume = workload.spec.template.spec.volumes?.some((volume: any) => volume.persistentVolumeClaim)
    if (onVolume) {
      expect(workload.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
      expect(scaled).toEqual([])
    } else {
      expect(workload.spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
      expect(workload.spec).not.toHaveProperty('replicas')
      expect(scaled).toMatchObject([{ spec: { minReplicas: 2 } }])
    }
  })

  test.each(services())('$name is found by DNS, all of its replicas', ({ name }) => {
    const manifests = renderFolder('base')
    const service = manifests.find((one) => one.kind === 'Service' && one.metadata.name === name)
    expect(service).toMatchObject({
      spec: { clusterIP: 'None', ports: [{ port: 50051, appProtocol: 'kubernetes.io/h2c' }] },
    })
    // A migration is no replica.
    const job = manifests.find((one) => one.metadata.name === `${name}-migration`)!
    expect(selects({ matchLabels: service!.spec.selector }, job.spec.template.metadata.labels)).toBe(false)
  })

  test('a release has a migration of its own', () => {
    for (const overlay of ['demo', 'production']) {
      const jobs = renderFolder(`overlays/${overlay}`).filter(({ kind }) => kind === 'Job')
      for (const { name } of services()) {
        const job = jobs.find((one) => one.metadata.name.startsWith(`${name}-migration-`))!
        const [, tag] = job.spec.template.spec.containers[0].image.split(':')
        expect(job.metadata.name).toBe(`${name}-migration-${tag}`)
      }
    }
  })
})
