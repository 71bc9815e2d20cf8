import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@quartet/testing'
import { workspace } from '../services.ts'
import { hasKubectl, installations, renderFolder, type Manifest } from './render.ts'

/** The package that knows a manifest: Kubernetes itself, or who defines more kinds. */
const moduleOf = ({ apiVersion }: Manifest): string => {
  if (apiVersion.startsWith('cert-manager.io/')) return `@kubernetes-models/cert-manager/${apiVersion}`
  if (apiVersion.startsWith('gateway.networking.k8s.io/'))
    return `@kubernetes-models/gateway-api/${apiVersion}`
  return `kubernetes-models/${apiVersion}`
}

const compilerOptions =
  '--ignoreConfig --noEmit --strict --skipLibCheck --types node --module nodenext --target esnext --pretty false'.split(
    ' ',
  )

/** What the compiler has against manifests as values of Kubernetes' own types: unknown fields, wrong types, missing ones. */
const typeErrors = (manifests: readonly Manifest[]): string[] => {
  const folder = mkdtempSync(join(import.meta.dirname, '.typed-'))
  try {
    const code = manifests.map(
      (manifest, index) => `import type { I${manifest.kind} as T${index} } from '${moduleOf(manifest)}'
// ${manifest.kind} ${manifest.metadata.name}
export const m${index}: T${index} = ${JSON.stringify(manifest)}`,
    )
    writeFileSync(join(folder, 'manifests.ts'), code.join('\n'))
    const { stdout } = spawnSync(
      process.execPath,
      [join(workspace, 'node_modules/typescript/bin/tsc'), ...compilerOptions, join(folder, 'manifests.ts')],
      { encoding: 'utf8', cwd: folder },
    )
    return stdout.split('\n').filter((line) => line.includes('error TS'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What its schema has against a manifest: patterns, bounds, formats. */
const schemaErrors = async (manifest: Manifest): Promise<string[]> => {
  const { [manifest.kind]: Model } = (await import(moduleOf(manifest))) as Record<
    string,
    new (data: unknown) => { validate(): void }
  >
  try {
    new Model!(manifest).validate()
    return []
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`]
  }
}

describeWith('kubectl', hasKubectl, () => {
  test.each(Object.entries(installations))('Kubernetes knows every field of %s', async (_, render) => {
    const manifests = render()
    expect(manifests.length).toBeGreaterThan(30)
    expect(typeErrors(manifests)).toEqual([])
    expect((await Promise.all(manifests.map(schemaErrors))).flat()).toEqual([])
  })

  test('and one that it does not know is found', async () => {
    const deployment = renderFolder('base').find(({ kind }) => kind === 'Deployment')!
    const [container] = deployment.spec.template.spec.containers
    container.imag = container.image
    expect(typeErrors([deployment]).join()).toMatch(/imag\W+ does not exist/)
    container.ports[0].containerPort = '50051'
    expect((await schemaErrors(deployment)).join()).toMatch(/containerPort/)
  })
})
