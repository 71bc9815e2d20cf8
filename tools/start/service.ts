import { join } from 'node:path'
import { migrate } from '@quartet/database'
import { workspace, type Service } from '../services.ts'
import { accountsFile } from './accounts.ts'
import { startChild, type Running } from './child.ts'
import { isReady } from './health.ts'
import type { LogFile } from './log-file.ts'
import type { Ports } from './ports.ts'
import { untilReady } from './ready.ts'
import { secretVariables } from './secrets.ts'
import type { SuiteOptions } from './suite-options.ts'

/** Where the upload service keeps its files. */
export const filesFolder = (directory: string): string => join(directory, 'files')

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
  },
): NodeJS.ProcessEnv => ({
  // There is no balancer that would have to notice before the one replica stops.
  DRAIN_ACCEPT_MS: '0',
  ...options.environment,
  ...options.variables?.[service.name],
  ...Object.fromEntries(
    options.services.map(({ name }) => [
      `QUARTET_${name.toUpperCase()}_TARGET`,
      `127.0.0.1:${options.ports[name]}`,
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
  // Halves the time from spawn to listening.
  NODE_COMPILE_CACHE: join(options.directory, 'compile-cache'),
})

/**
 * Brings a service's database up to date, starts it and resolves when its health service says that it is
 * ready. Throws one line with what it said last when either fails.
 */
export const startService = async (
  { service, environment, log }: { service: Service; environment: NodeJS.ProcessEnv; log: LogFile },
  signal: AbortSignal,
): Promise<Running> => {
  signal.throwIfAborted()
  // In this process: one of Node for each service would double the time that the start takes.
  await migrate({
    url: environment['DATABASE_URL']!,
    directory: join(service.folder, 'prisma/migrations'),
    log: log.line,
  }).catch((cause: Error) => {
    throw new Error(`${service.name} could not migrate its database: ${cause.message}`, { cause })
  })
  const child = await startChild({
    command: process.execPath,
    args: [join(service.folder, 'src/main.ts')],
    cwd: workspace,
    environment,
    onLine: log.line,
  })
  await untilReady(service.name, child, (signal) => isReady(Number(environment['PORT']), signal), signal)
  return child
}
