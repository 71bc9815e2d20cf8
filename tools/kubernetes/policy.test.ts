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
    expect(pod.automountServiceAccountToken).toBe(pod.serviceAccountName === 'secrets')
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

  test.each(lasting)('$name is probed, and spread over nodes and zones', ({ workload }) => {
    const { containers, topologySpreadConstraints } = workload.spec.template.spec
    for (const { startupProbe, readinessProbe, livenessProbe, args } of containers) {
      expect([startupProbe, readinessProbe, livenessProbe]).toEqual(
        Array.from({ length: 3 }, () => expect.anything()),
      )
      if (!args) continue // Envoy
      // To be ready takes the database; to be alive does not, or a database that is away would restart everything.
      expect(startupProbe.grpc.service).toBe('liveness')
      expect(readinessProbe.grpc.service).toBe('readiness')
      expect(livenessProbe.grpc.service).toBe('liveness')
    }
    expect(topologySpreadConstraints).toMatchObject([
      { topologyKey: 'kubernetes.io/hostname', maxSkew: 1 },
      { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 1 },
    ])
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

  test('the namespace admits nothing that is not restricted', () => {
    for (const render of Object.values(installations))
      expect(render().filter(({ kind }) => kind === 'Namespace')).toMatchObject([
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
      ])
  })

  test('callers come in by a load balancer that keeps their address, or by a Gateway', () => {
    const edge = (installation: string) =>
      installations[installation]!().find((one) => one.kind === 'Service' && one.metadata.name === 'envoy')!
    expect(edge('demo').spec).toMatchObject({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
    expect(edge('production').spec.type).toBe('ClusterIP')
    for (const installation of ['demo', 'production'])
      expect(edge(installation).spec.ports).toMatchObject([{ port: 80, appProtocol: 'kubernetes.io/h2c' }])
  })
})
