import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A service of this workspace, as its package.json describes it. */
export interface Service {
  /** 'user': the name of its folder, of its database (`quartet_user`) and of its Envoy cluster. */
  readonly name: string
  /** Absolute path of its folder. */
  readonly folder: string
  /** Where it listens on a developer's machine. */
  readonly port: number
  /** Full names of the gRPC services it answers: 'quartet.user.v1.UserService'. */
  readonly serves: readonly string[]
  /** What Node is started with for it; its image has the same in NODE_OPTIONS. */
  readonly nodeOptions: readonly string[]
}

interface Manifest {
  readonly nx?: { readonly tags?: readonly string[] }
  readonly quartet?: { readonly port?: unknown; readonly serves?: unknown; readonly nodeOptions?: unknown }
}

/** The root of the workspace that this file belongs to. */
export const workspace = join(import.meta.dirname, '..')

/**
 * The services of the workspace, ordered by port: each folder under services/ whose package.json has the Nx
 * tag `type:service`. This is the only list of them; what starts, tests, routes or packs services reads it.
 * Throws when a package.json lacks `"quartet": { "port", "serves" }`.
 */
export const services = (root = workspace): Service[] =>
  globSync('services/*/package.json', { cwd: root })
    .flatMap((file) => read(join(root, file)))
    .sort((a, b) => a.port - b.port)

const read = (file: string): Service[] => {
  const { nx, quartet } = JSON.parse(readFileSync(file, 'utf8')) as Manifest
  if (!nx?.tags?.includes('type:service')) return []
  const { port, serves, nodeOptions = [] } = quartet ?? {}
  if (!Number.isInteger(port) || !isNames(serves) || !isNames(nodeOptions, 0)) {
    throw new Error(`${file} needs "quartet": { "port": 50051, "serves": ["quartet.user.v1.UserService"] }.`)
  }
  const folder = dirname(file)
  return [{ name: basename(folder), folder, port: port as number, serves, nodeOptions }]
}

const isNames = (value: unknown, least = 1): value is string[] =>
  Array.isArray(value) && value.length >= least && value.every((name) => typeof name === 'string')
