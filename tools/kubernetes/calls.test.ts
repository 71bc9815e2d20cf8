import { join } from 'node:path'
import { allServices } from '@quartet/proto/all'
import { MetricsService } from '@quartet/proto/metrics'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { hasKubectl, installations, selects, workloads, type Manifest } from './render.ts'

const names = services().map(({ name }) => name)

/** Which services a service calls: those whose target it can be told. */
const calledBy = async (service: string): Promise<string[]> => {
  const { schema } = (await import(join(workspace, 'services', service, 'src/config.ts'))) as {
    schema: object
  }
  return names.filter((name) => `QUARTET_${name.toUpperCase()}_TARGET` in schema)
}

/** Who gets through to a port of a kind of pod, of all pods: by what they may reach and whom it lets in. */
const reaching = (
  manifests: readonly Manifest[],
  { name, component, port }: { name: string; component: string; port: number },
): string[] => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
  const pods = workloads(manifests).map(({ spec }) => spec.template.metadata.labels as Record<string, string>)
  const target = pods.find(
    (labels) =>
      labels['app.kubernetes.io/name'] === name && labels['app.kubernetes.io/component'] === component,
  )!
  const allows = (
    direction: 'ingress' | 'egress',
    about: Record<string, string>,
    peer: Record<string, string>,
  ) =>
    policies.some(
      ({ spec }) =>
        selects(spec.podSelector, about) &&
        (spec[direction] ?? []).some(
          ({ from, to, ports }: any) =>
            (!ports || ports.some((one: { port: number }) => one.port === port)) &&
            (from ?? to ?? [{ podSelector: {} }]).some(
              (one: any) => !one.namespaceSelector && selects(one.podSelector, peer),
            ),
        ),
    )
  return pods
    .filter((labels) => allows('ingress', target, labels) && allows('egress', labels, target))
    .map((labels) => `${labels['app.kubernetes.io/name']} ${labels['app.kubernetes.io/component']}`)
    .toSorted()
}

describeWith('kubectl', hasKubectl, () => {
  test.each(names)(
    '%s is reached by those that call it and by Envoy, and by nobody else',
    async (service) => {
      const callers = []
      for (const name of names) if ((await calledBy(name)).includes(service)) callers.push(name)
      const expected = ['envoy edge', ...callers.map((name) => `${name} service`)].toSorted()
      for (const render of Object.values(installations))
        expect(reaching(render(), { name: service, component: 'service', port: 50051 })).toEqual(expected)
    },
  )

  test("the demo's database is reached by services and migrations, and by nobody else", () => {
    const expected = names.flatMap((name) => [`${name} migration`, `${name} service`]).toSorted()
    for (const installation of ['demo', 'every component'])
      expect(
        reaching(installations[installation]!(), { name: 'postgres', component: 'database', port: 5432 }),
      ).toEqual(expected)
  })

  test('nothing reaches what no policy opens', () => {
    const denied = { spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } }
    for (const render of Object.values(installations))
      expect(render().filter(({ kind }) => kind === 'NetworkPolicy')).toContainEqual(
        expect.objectContaining(denied),
      )
  })
})

// A call that the contract does not allow would be refused; a way that is open for it would be open for nothing.
test.each(names)('the contract lets %s call whom it can be told of', async (caller) => {
  for (const callee of await calledBy(caller)) {
    const served = [...services().find(({ name }) => name === callee)!.serves, MetricsService.name]
    const methods = allServices.filter(({ name }) => served.includes(name)).flatMap((one) => one.methods)
    // Keys and service tokens are for everybody.
    const allowed = callee === 'user' || methods.some(({ policy }) => policy?.services.includes(caller))
    expect([callee, allowed]).toEqual([callee, true])
  }
})
