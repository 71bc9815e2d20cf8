import { join } from 'node:path'
import { loadConfig, type Schema } from '@quartet/service'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { containersOf, environmentOf, hasKubectl, installations, workloads } from './render.ts'

describeWith('kubectl', hasKubectl, () => {
  const cases = hasKubectl
    ? Object.keys(installations).flatMap((one) => services().map(({ name }) => [one, name] as const))
    : []

  test.each(cases)('in %s, %s accepts its environment and knows all of it', async (installation, name) => {
    const { schema } = (await import(join(workspace, 'services', name, 'src/config.ts'))) as {
      schema: Schema
    }
    const { DATABASE_URL_FILE: file, ...environment } = environmentOf(installations[installation]!(), name)
    expect(file).toBe('/run/secrets/quartet/database-url')
    // What is in that file.
    const url = `postgresql://${name}:secret@postgres:5432/quartet_${name}`
    expect(() => loadConfig(schema, { ...environment, DATABASE_URL: url })).not.toThrow()
    expect(Object.keys(environment).filter((variable) => !(variable in schema))).toEqual([])
    expect(environment['QUARTET_DEMO']).toBe(
      installation !== 'production' && name === 'user' ? 'true' : undefined,
    )
  })

  test('a migration, and who waits for it, is told where the database is and nothing else', () => {
    const told = Object.values(installations)
      .flatMap((render) => workloads(render()))
      .flatMap(containersOf)
      .filter(({ args }) => args?.[0] === 'src/migrate.ts')
      .map(({ env, envFrom }) => ({ env, envFrom }))
    const address = { name: 'DATABASE_URL_FILE', value: '/run/secrets/quartet/database-url' }
    expect(told).toEqual(
      Array.from({ length: 3 * 2 * services().length }, () => ({ env: [address], envFrom: undefined })),
    )
  })
})
