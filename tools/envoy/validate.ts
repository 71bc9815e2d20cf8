import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'

/**
 * Lets an Envoy check the files that `renderEnvoy` wrote to `directory`, without starting. Rejects with what
 * Envoy says of them. Its own check leaves out what comes from other files: so this one puts them in place
 * first, and finds routes to clusters that do not exist too.
 */
export const validateEnvoy = async (envoy: string, directory: string): Promise<void> => {
  const read = async (name: string) =>
    parse(await readFile(join(directory, name), 'utf8'), { maxAliasCount: -1 })
  const [config, routes, clusters] = await Promise.all(
    ['envoy.yaml', 'routes.yaml', 'clusters.yaml'].map(read),
  )
  const manager = config.static_resources.listeners[0].filter_chains[0].filters[0].typed_config
  delete manager.rds
  manager.route_config = untyped(routes.resources[0])
  delete config.dynamic_resources
  config.static_resources.clusters.push(...clusters.resources.map(untyped))

  const name = '.validated.yaml'
  await writeFile(join(directory, name), stringify(config, { aliasDuplicateObjects: false }))
  try {
    await promisify(execFile)(envoy, ['--mode', 'validate', '--log-level', 'error', '-c', name], {
      cwd: directory,
    })
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr.trim(), { cause: error })
  } finally {
    await rm(join(directory, name))
  }
}

const untyped = (resource: Record<string, unknown>) => {
  const copy = { ...resource }
  delete copy['@type']
  return copy
}
