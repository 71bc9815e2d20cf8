import { join } from 'node:path'
import { loadConfig, type Schema } from '@quartet/service'
import { describeWith } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { environmentOf, hasKubectl, installations } from './render.ts'

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
})
