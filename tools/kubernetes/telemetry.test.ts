import { describeWith } from '@quartet/testing'
import { services } from '../services.ts'
import { environmentOf, hasKubectl, installations, selects, type Manifest } from './render.ts'

const everything = hasKubectl ? installations['every component']!() : []
const deployments = everything.filter(({ kind }) => kind === 'Deployment')

/** What the network lets a pod exchange with another namespace, on the ports of the policies that say so. */
const open = (direction: 'ingress' | 'egress', { spec }: Manifest, namespace: string): number[] =>
  everything
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .filter((policy) => selects(policy.spec.podSelector, spec.template.metadata.labels))
    .flatMap((policy) => policy.spec[direction] ?? [])
    .filter(({ from, to }: any) =>
      (from ?? to ?? []).some(
        ({ namespaceSelector, podSelector }: any) =>
          namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === namespace && !podSelector,
      ),
    )
    .flatMap(({ ports }: any) => ports.map(({ port }: { port: number }) => port))

describeWith('kubectl', hasKubectl, () => {
  test.each(services())('with telemetry, $name sends its traces where the network lets it', ({ name }) => {
    const { hostname, port } = new URL(environmentOf(everything, name)['OTEL_EXPORTER_OTLP_ENDPOINT']!)
    const [, namespace] = hostname.split('.')
    const deployment = deployments.find(({ metadata }) => metadata.name === name)!
    expect(open('egress', deployment, namespace!)).toEqual([Number(port)])
  })

  test('with telemetry, Prometheus is told where the metrics are, and gets to them', () => {
    expect(deployments).toHaveLength(services().length + 1) // and Envoy
    for (const deployment of deployments) {
      const { metadata, spec } = deployment.spec.template
      const metrics = spec.containers[0].ports.find(({ name }: { name: string }) => name === 'metrics')
      expect(metadata.annotations).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(metrics.containerPort),
      })
      expect(open('ingress', deployment, 'observability')).toContain(metrics.containerPort)
    }
  })
})
