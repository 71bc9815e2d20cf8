import type { Service } from '../services.ts'
import type { FoundEnvoy } from './envoy.ts'
import type { Listener } from './events.ts'

export interface SuiteOptions {
  /** The data folder, made if it is missing. One suite at a time runs in it. */
  readonly directory: string
  readonly services: readonly Service[]
  /** The variables of every process; those that move ports are read from here too. */
  readonly environment: NodeJS.ProcessEnv
  /** Variables of single services, by name, over the others. */
  readonly variables?: Readonly<Record<string, NodeJS.ProcessEnv>>
  /** The edge's port (8080); 0 moves every port to a free one. */
  readonly edge?: number | undefined
  /** A PostgreSQL server to use in place of the embedded one. */
  readonly databaseUrl?: string | undefined
  /** An Envoy, or why there is none, for a caller who knows. Otherwise it is found or fetched. */
  readonly envoy?: FoundEnvoy
  /** TLS between Envoy and the services and among them, on both sides with certificates of a local authority. */
  readonly mtls?: boolean
  /** Forgets all data of earlier starts. */
  readonly fresh?: boolean
  /** Brings generated code up to date first. */
  readonly generate?: boolean
  /** Fills a data folder that nobody has used yet with a few people, orders, files and messages. */
  readonly demoData?: boolean
  /** False: the embedded PostgreSQL does not wait for the disk. For tests. */
  readonly durable?: boolean
  readonly onEvent?: Listener
  /** Gives the start up; what has begun is ended, and its reason is thrown. */
  readonly signal?: AbortSignal
}
