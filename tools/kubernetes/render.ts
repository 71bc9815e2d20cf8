import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { workspace } from '../services.ts'

/** A manifest, as Kubernetes gets it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec?: any
  readonly data?: Readonly<Record<string, string>>
  readonly [field: string]: any
}

/** Whether this machine has a kubectl whose kustomize knows components and their replacements. */
export const hasKubectl = (() => {
  try {
    const output = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
    const { clientVersion } = JSON.parse(output) as { clientVersion: { minor: string } }
    return Number.parseInt(clientVersion.minor, 10) >= 27
  } catch {
    return false
  }
})()

/** The manifests of a folder below k8s/, 'overlays/demo', as `kubectl apply -k` would send them. */
export const renderFolder = (folder: string): Manifest[] =>
  once(folder, () => kustomize(join(workspace, 'k8s', folder)))

/** Each way to install it: the overlays, and base/ with all components there are. */
export const installations: Readonly<Record<string, () => Manifest[]>> = {
  demo: () => renderFolder('overlays/demo'),
  production: () => renderFolder('overlays/production'),
  'every component': () =>
    once('every component', () =>
      renderWith([...components().map((name) => `components/${name}`), 'release']),
    ),
}

const components = () => readdirSync(join(workspace, 'k8s/components'))

const once = (key: string, render: () => Manifest[]): Manifest[] => {
  const known = rendered.get(key) ?? render()
  rendered.set(key, known)
  return structuredClone(known) // whoever gets it may spoil it
}

const rendered = new Map<string, Manifest[]>()

/** Those of base/ with these components, in this order. */
const renderWith = (components: readonly string[]): Manifest[] => {
  mkdirSync(join(workspace, '.quartet'), { recursive: true })
  const folder = mkdtempSync(join(workspace, '.quartet', 'kustomize-'))
  const path = (name: string) => relative(folder, join(workspace, 'k8s', name))
  try {
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({ namespace: 'quartet', resources: [path('base')], components: components.map(path) }),
    )
    return kustomize(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const kustomize = (folder: string): Manifest[] => {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', maxBuffer: 16 << 20 })
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest)
}

/** What pods are made from: Deployments, StatefulSets and Jobs. */
export const workloads = (manifests: readonly Manifest[]) =>
  manifests.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind))

/** All containers of a workload, those that run before the others included. */
export const containersOf = ({ spec }: Manifest): any[] => [
  ...(spec.template.spec.initContainers ?? []),
  ...spec.template.spec.containers,
]

/** The variables of a service, from its ConfigMaps and its own. */
export const environmentOf = (manifests: readonly Manifest[], service: string): Record<string, string> => {
  const deployment = manifests.find((one) => one.kind === 'Deployment' && one.metadata.name === service)!
  const [container] = deployment.spec.template.spec.containers
  const maps = (container.envFrom ?? []).map(({ configMapRef }: any) =>
    manifests.find((one) => one.kind === 'ConfigMap' && one.metadata.name === configMapRef.name),
  )
  const own = container.env.map(({ name, value }: { name: string; value: string }) => [name, value])
  return Object.assign({}, ...maps.map(({ data }: Manifest) => data), Object.fromEntries(own))
}

/** Whether a label selector of Kubernetes takes in what has these labels. An empty one takes in everything. */
export const selects = (
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    if (operator !== 'In') throw new Error(`the tests do not know the operator ${operator}`)
    return values.includes(labels[key] ?? '')
  })

export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}
