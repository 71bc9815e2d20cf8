import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { localCertificates, localFolder } from '../certificates/local.ts'
import type { Service } from '../services.ts'
import { demoAccounts, type Account } from './accounts.ts'
import { ensureDemoData } from './demo.ts'
import { embeddedDatabase, remoteDatabase } from './database.ts'
import { edgeOptions, startEdge } from './edge.ts'
import { locateEnvoy } from './envoy.ts'
import { forgetData } from './fresh.ts'
import { generate } from './generate.ts'
import { writeJson } from './json-file.ts'
import { lockFolder } from './lock.ts'
import { choosePorts } from './ports.ts'
import { createProcesses } from './processes.ts'
import { provideSecrets } from './secrets.ts'
import { filesFolder, serviceEnvironment, serviceTarget, startService } from './service.ts'
import type { SuiteOptions } from './suite-options.ts'
import { together } from './together.ts'
import { removeVariables, writeVariables } from './variables.ts'

export type { SuiteOptions }

/** The services, their database and their edge, ready for calls. */
export interface Suite {
  /** host:port of the edge (unless there is no Envoy) and of each service, as endpoints.json has them. */
  readonly endpoints: Readonly<Record<string, string>>
  /** Who can sign in, as demo-accounts.json has them. */
  readonly accounts: readonly Account[]
  /** Why there is no edge, and how to get one. */
  readonly missing?: string
  /** The folder of the certificates, where TLS is on; docs/tls.md says what is in it. */
  readonly certificates?: string
  /** What is up now: 'postgres' (if embedded), the services by name, 'envoy' (if there is one). */
  readonly processes: () => { name: string; pid: number }[]
  /** Ends a process and starts it again, migrations or configuration first. */
  readonly restart: (name: string) => void
  /** Ends Envoy, then the services, each when it has drained, then PostgreSQL. */
  readonly stop: () => Promise<void>
}

/**
 * Starts everything and resolves when all of it is ready. What dies later is brought back.
 * Throws one line that says what to do, and leaves nothing running, when a port is busy, the folder cannot be
 * written, another suite runs in it, the database cannot be used, or a process does not get ready.
 */
export const startSuite = async (options: SuiteOptions): Promise<Suite> => {
  const { directory, services, environment, databaseUrl, onEvent = () => {} } = options
  const giveUp = new AbortController()
  const signal = AbortSignal.any([giveUp.signal, ...(options.signal ? [options.signal] : [])])

  const lock = lockFolder(directory)
  const endpointsFile = join(directory, 'endpoints.json')
  const processes = createProcesses(join(directory, 'logs'), onEvent, signal)
  const stopInOrder = async () => {
    rmSync(endpointsFile, { force: true })
    removeVariables(directory)
    await processes.stop(['envoy'])
    await processes.stop(services.map(({ name }) => name))
    await processes.stop(['postgres'])
    lock.release()
  }

  try {
    // A start that was killed left them.
    rmSync(endpointsFile, { force: true })
    removeVariables(directory)
    const ports = await choosePorts({ ...options, embedded: !databaseUrl })
    const address = (name: string) => `127.0.0.1:${ports[name]}`
    if (options.fresh) forgetData(directory)
    mkdirSync(filesFolder(directory), { recursive: true })
    const accounts = demoAccounts(directory)
    await provideSecrets(directory, services)
    const certificates = options.mtls ? localFolder(directory) : undefined
    if (certificates) await localCertificates({ folder: certificates, services })

    const [database, envoy] = await together(giveUp, [
      databaseUrl
        ? remoteDatabase(databaseUrl, onEvent)
        : embeddedDatabase({ ...options, port: ports['postgres']! }, processes),
      options.envoy ?? locateEnvoy(onEvent),
      options.generate && generate({ directory, environment }, onEvent, signal),
    ])

    const serve = (service: Service) => {
      const databaseUrl = database.url(`quartet_${service.name}`)
      const environment = serviceEnvironment(service, { ...options, ports, databaseUrl, certificates })
      writeVariables(directory, service.name, { environment, without: options.environment })
      return processes.start(service.name, address(service.name), (log, signal) =>
        startService({ service, environment, log }, signal),
      )
    }
    await together(giveUp, services.map(serve))

    if ('path' in envoy) {
      const edge = { ...edgeOptions(directory, services, ports, certificates), path: envoy.path, environment }
      await processes.start('envoy', address('edge'), (log, signal) => startEdge({ ...edge, log }, signal))
    }

    const endpoints = {
      ...('path' in envoy && { edge: address('edge') }),
      ...Object.fromEntries(services.map(({ name }) => [name, serviceTarget(ports[name]!, certificates)])),
    }
    if (options.demoData)
      await ensureDemoData({ directory, environment, endpoints, certificates }, onEvent, signal)
    writeJson(endpointsFile, endpoints)

    let stopping: Promise<void> | undefined
    return {
      endpoints,
      accounts,
      ...('missing' in envoy && { missing: envoy.missing }),
      ...(certificates && { certificates }),
      processes: processes.list,
      restart: processes.restart,
      stop: () => (stopping ??= stopInOrder()),
    }
  } catch (error) {
    await stopInOrder()
    throw error
  }
}
