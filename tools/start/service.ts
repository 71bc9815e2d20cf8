import { join } from 'node:path'
import { certificateFiles } from '@quartet/certificates/files'
import { migrate } from '@quartet/database'
import { workspace, type Service } from '../services.ts'
import { accountsFile } from './accounts.ts'
import { startChild, type Running } from './child.ts'
import { isReady } from './health.ts'
import type { LogFile } from './log-file.ts'
import { healthOf, type Ports } from './ports.ts'
import { untilReady } from './ready.ts'
import { secretVariables } from './secrets.ts'
import type { SuiteOptions } from './suite-options.ts'

/** Where the upload service keeps its files. */
export const filesFolder = (directory: string): string => join(directory, 'files')

/** Where a service is called: by a name where it has a certificate, which is for a name. */
export const serviceTarget = (port: number, certificates: string | undefined) =>
  `${certificates ? 'localhost' : '127.0.0.1'}:${port}`

/** The variables of a service: those of its caller, with what this start decides over them. */
export const serviceEnvironment = (
  service: Service,
  options: {
    readonly environment: NodeJS.ProcessEnv
    readonly variables?: SuiteOptions['variables']
    readonly services: readonly Service[]
    readonly ports: Ports
    readonly databaseUrl: string
    readonly directory: string
    /** The folder with a folder of certificates for each service, for mTLS. */
    readonly certificates?: string | undefined
  },
): NodeJS.ProcessEnv => ({
  // There is no balancer that would have to notice before the one replica stops.
  DRAIN_ACCEPT_MS: '0',
  ...options.environment,
  ...options.variables?.[service.name],
  ...Object.fromEntries(
    options.services.map(({ name }) => [
      `QUARTET_${name.toUpperCase()}_TARGET`,
      serviceTarget(options.ports[name]!, options.certificates),
    ]),
  ),
  HOST: '127.0.0.1',
  PORT: String(options.ports[service.name]),
  DATABASE_URL: options.databaseUrl,
  ...(options.environment['METRICS_PORT'] && {
    METRICS_PORT: String(options.ports[`${service.name}-metrics`]),
  }),
  QUARTET_DEMO: 'true',
  QUARTET_DEMO_ACCOUNTS: accountsFile(options.directory),
  FILES_DIR: filesFolder(options.directory),
  ...secretVariables(options.directory, service),
  ...tlsVariables(options.certificates && join(options.certificates, service.name)),
  ...(options.certificates && { HEALTH_PORT: String(options.ports[healthOf(service.name)]) }),
  // Halves the time from spawn to listening.
  NODE_COMPILE_CACHE: options.environment['NODE_COMPILE_CACHE'] ?? join(options.directory, 'compile-cache'),
})

/** Without certificates too: those of the caller's own would be for all services alike, and unknown to Envoy. */
const tlsVariables = (folder: string | undefined) => {
  const files = folder ? certificateFiles(folder) : undefined
  return {
    TLS_CERT_FILE: files?.certificate ?? '',
    TLS_KEY_FILE: files?.key ?? '',
    TLS_CA_FILE: files?.authority ?? '',
  }
}

interface Start {
  readonly service: Service
  readonly environment: NodeJS.ProcessEnv
  readonly log: LogFile
}

/**
 * Brings a service's database up to date, starts it and resolves when its health service says that it is
 * ready. Throws one line with what it said last when either fails.
 */
export const startService = async (start: Start, signal: AbortSignal): Promise<Running> => {
  signal.throwIfAborted()
  const { service, environment, log } = start
  // In this process: one of Node for each service would double the time that the start takes.
  await migrate({
    url: environment['DATABASE_URL']!,
    directory: join(service.folder, 'prisma/migrations'),
    log: log.line,
  }).catch((cause: Error) => {
    throw new Error(`${service.name} could not migrate its database: ${cause.message}`, { cause })
  })
  return await startMigrated(start, signal)
}

/** The same on a database as it is. */
export const startMigrated = async (
  { service, environment, log }: Start,
  signal: AbortSignal,
): Promise<Running> => {
  const child = await startChild({
    command: process.execPath,
    args: [...service.nodeOptions, join(service.folder, 'src/main.ts')],
    cwd: workspace,
    environment,
    onLine: log.line,
  })
  const port = Number(environment['HEALTH_PORT'] ?? environment['PORT'])
  await untilReady(service.name, child, (signal) => isReady(port, signal), signal)
  return child
}
