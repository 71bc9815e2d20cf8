import { describeWith } from '@quartet/testing'
import { services } from '../services.ts'
import {
  containersOf,
  hasKubectl,
  installations,
  selects,
  workloads,
  type Manifest,
  type Selector,
} from './render.ts'

/** The Secrets that come from outside: what the README's table and the demo's Job provide. */
const given = [...services().map(({ name }) => name), 'service-secrets', 'postgres', 'edge-tls']

/** Where Kubernetes itself mounts something. */
const ofKubernetes = '/var/run/secrets/kubernetes.io/serviceaccount/'

/** References of a set of manifests that lead nowhere, as 'Deployment user: no ConfigMap x'. */
const dangling = (manifests: readonly Manifest[]): string[] => {
  const has = (kind: string, name: string) =>
    manifests.some((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  const pods = workloads(manifests).map(({ spec }) => spec.template)
  const anyPod = (selector: Selector) => pods.some(({ metadata }) => selects(selector, metadata.labels))
  const mistakes: string[] = []
  for (const manifest of manifests) {
    const { kind, metadata, spec } = manifest
    const check = (fine: boolean, what: string) => {
      if (!fine) mistakes.push(`${kind} ${metadata.name}: no ${what}`)
    }
    if (workloads([manifest]).length) {
      const pod = spec.template.spec
      const labels = spec.template.metadata.labels
      check(has('ServiceAccount', pod.serviceAccountName), `ServiceAccount ${pod.serviceAccountName}`)
      if (spec.selector) check(selects(spec.selector, labels), 'pod of its own that it selects')
      for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
        check(selects(labelSelector, labels), 'pod of its own that it spreads')
      const claims = (spec.volumeClaimTemplates ?? []).map((claim: Manifest) => claim.metadata.name)
      const volumes = [...(pod.volumes ?? []).map(({ name }: { name: string }) => name), ...claims]
      for (const { secret, configMap, persistentVolumeClaim: claim } of pod.volumes ?? []) {
        if (secret)
          check(
            given.includes(secret.secretName) || isIssued(manifests, secret.secretName),
            `Secret ${secret.secretName}`,
          )
        if (configMap) check(has('ConfigMap', configMap.name), `ConfigMap ${configMap.name}`)
        if (claim) check(has('PersistentVolumeClaim', claim.claimName), `claim ${claim.claimName}`)
      }
      for (const container of containersOf(manifest)) {
        for (const { name } of container.volumeMounts ?? []) check(volumes.includes(name), `volume ${name}`)
        const mounts: string[] = (container.volumeMounts ?? []).map(({ mountPath }: any) => `${mountPath}/`)
        for (const { name, value } of container.env ?? [])
          if (value?.startsWith('/') && !value.startsWith(ofKubernetes))
            check(
              mounts.some((mount) => `${value}/`.startsWith(mount)),
              `mount for ${name}`,
            )
        for (const { configMapRef } of container.envFrom ?? [])
          check(has('ConfigMap', configMapRef.name), `ConfigMap ${configMapRef.name}`)
        const ports: { name: string; containerPort: number }[] = container.ports ?? []
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'].map(
          (name) => container[name],
        )) {
          const port = probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port
          if (port === undefined) continue
          check(
            ports.some((one) => one.name === port || one.containerPort === port),
            `port ${port} to probe`,
          )
          if (probe.grpc)
            check(
              ['', 'liveness', 'readiness'].includes(probe.grpc.service),
              `health of ${probe.grpc.service}`,
            )
        }
      }
    }
    if (kind === 'Service') {
      const selected = pods.filter((pod) => selects({ matchLabels: spec.selector }, pod.metadata.labels))
      check(selected.length === 1, 'one kind of pod that it selects')
      const names = selected.flatMap((pod) => pod.spec.containers).flatMap(({ ports = [] }) => ports)
      for (const { targetPort } of spec.ports)
        check(
          names.some(({ name }: { name: string }) => name === targetPort),
          `port ${targetPort}`,
        )
    }
    if (kind === 'PodDisruptionBudget') check(anyPod(spec.selector), 'pod that it is about')
    if (kind === 'HorizontalPodAutoscaler')
      check(has('Deployment', spec.scaleTargetRef.name), 'Deployment to scale')
    if (kind === 'Certificate') check(has('Issuer', spec.issuerRef.name), `Issuer ${spec.issuerRef.name}`)
    if (kind === 'Issuer' && spec.ca)
      check(isIssued(manifests, spec.ca.secretName), `Secret ${spec.ca.secretName}`)
    if (kind === 'RoleBinding') {
      check(has('Role', manifest['roleRef'].name), 'such Role')
      for (const { name } of manifest['subjects'])
        check(has('ServiceAccount', name), `ServiceAccount ${name}`)
    }
    if (kind === 'HTTPRoute') {
      for (const { name } of spec.parentRefs) check(has('Gateway', name), `Gateway ${name}`)
      for (const { name, port } of spec.rules.flatMap((rule: any) => rule.backendRefs))
        check(
          manifests.some(
            (one) =>
              one.kind === 'Service' &&
              one.metadata.name === name &&
              one.spec.ports.some((p: any) => p.port === port),
          ),
          `Service ${name}:${port}`,
        )
    }
    if (kind === 'NetworkPolicy') {
      check(anyPod(spec.podSelector), 'pod that it is about')
      const ports = pods.flatMap((pod) => pod.spec.containers).flatMap(({ ports = [] }) => ports)
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
        for (const { podSelector, namespaceSelector } of rule.from ?? rule.to ?? []) {
          if (!namespaceSelector) check(anyPod(podSelector), `peer ${JSON.stringify(podSelector)}`)
          for (const { values = [] } of podSelector?.matchExpressions ?? [])
            for (const value of values)
              check(
                pods.some(({ metadata }) => Object.values(metadata.labels).includes(value)),
                `peer ${value}`,
              )
        }
        for (const { port } of spec.ingress ? (rule.ports ?? []) : [])
          check(
            ports.some(({ containerPort }: { containerPort: number }) => containerPort === port),
            `port ${port}`,
          )
      }
    }
  }
  return mistakes
}

/** Secrets that cert-manager makes. */
const isIssued = (manifests: readonly Manifest[], name: string) =>
  manifests.some(({ kind, spec }) => kind === 'Certificate' && spec.secretName === name)

describeWith('kubectl', hasKubectl, () => {
  test.each(Object.entries(installations))('every name in %s leads somewhere', (_, render) => {
    expect(dangling(render())).toEqual([])
  })

  test.each<[string, string, (manifest: any) => void]>([
    ['Deployment', 'ServiceAccount nobody', ({ spec }) => (spec.template.spec.serviceAccountName = 'nobody')],
    [
      'Deployment',
      'ConfigMap none',
      ({ spec }) => (spec.template.spec.containers[0].envFrom = [{ configMapRef: { name: 'none' } }]),
    ],
    [
      'Deployment',
      'health of ready',
      ({ spec }) =>
        (spec.template.spec.containers[0].readinessProbe = { grpc: { port: 50051, service: 'ready' } }),
    ],
    ['Service', 'port http', ({ spec }) => (spec.ports[0].targetPort = 'http')],
    [
      'NetworkPolicy',
      'peer ordr',
      ({ spec }) =>
        (spec.ingress = [
          {
            from: [
              {
                podSelector: {
                  matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['ordr'] }],
                },
              },
            ],
          },
        ]),
    ],
    ['Certificate', 'Issuer anybody', ({ spec }) => (spec.issuerRef.name = 'anybody')],
    ['Certificate', 'Secret authority', ({ spec }) => (spec.secretName = 'another')],
    ['PodDisruptionBudget', 'pod that it is about', ({ spec }) => (spec.selector.matchLabels = { a: 'b' })],
  ])('a %s with no %s is found', (kind, what, spoil) => {
    const manifests = installations['every component']!()
    spoil(manifests.find((one) => one.kind === kind))
    expect(dangling(manifests).join()).toContain(`no ${what}`)
  })
})
