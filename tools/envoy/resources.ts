import { stringify } from 'yaml'
import { replaceFile } from './replace-file.ts'

/**
 * Writes clusters or routes as Envoy reads them from a file (an
 * envoy.service.discovery.v3.DiscoveryResponse). An Envoy that runs takes them at once, or refuses them all,
 * says so in its log, and goes on with those it has.
 */
export const writeResources = (
  directory: string,
  name: string,
  resources: readonly object[],
): Promise<void> => replaceFile(directory, name, stringify({ resources }, { aliasDuplicateObjects: false }))
