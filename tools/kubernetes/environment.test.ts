import { join } from 'node:path'
import { loadConfig, type Schema } from '@quartet/service'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { hasKubectl, renderFolder, type Manifest } from './render.ts'

const environmentOf = (manifests: readonly Manifest[], service: string): Record<string, string> => {
  const deployment = manifests.find((one) => one.kind === 'Deployment' && one.metadata.name === service)!
  const [container] = deployment.spec.template.spec.containers
  const maps = (container.envFrom ?? []).map(({ configMapRef }: any) =>
    manifests.find((one) => one.kind === 'ConfigMap' && one.metadata.name === configMapRef.name),
  )
  const own = container.env.map(({ name, value }: { name: string; value: string }) => [name, value])
  return Object.assign({}, ...maps.map(({ data }: Manifest) => data), Object.fromEntries(own))
}

describeWith('kubectl', hasKubectl, () => {
  const cases = hasKubectl
    ? ['demo', 'production'].flatMap((overlay) => services().map(({ name }) => [overlay, name] as const))
    : []

  test.each(cases)('in %s, %s accepts its environment and knows all of it', async (overlay, name) => {
    const { schema } = (await import(join(workspace, 'services', name, 'src/config.ts'))) as {
      schema: Schema
    }
    const { DATABASE_URL_FILE: file, ...environment } = environmentOf(
      renderFolder(`overlays/${overlay}`),
      name,
    )
    expect(file).toBe('/run/secrets/quartet/database-url')
    // What is in that file.
    const url = `postgresql://${name}:secret@postgres:5432/quartet_${name}`
    expect(() => loadConfig(schema, { ...environment, DATABASE_URL: url })).not.toThrow()
    expect(Object.keys(environment).filter((variable) => !(variable in schema))).toEqual([])
    expect(environment['QUARTET_DEMO']).toBe(overlay === 'demo' && name === 'user' ? 'true' : undefined)
  })
})
