import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@quartet/database'
import { freePort, probePorts } from '../ports.ts'
import { workspace, type Service } from '../services.ts'
import { demoAccounts } from '../start/accounts.ts'
import type { Running } from '../start/child.ts'
import { openLog } from '../start/log-file.ts'
import { provideSecrets } from '../start/secrets.ts'
import { serviceEnvironment, startMigrated } from '../start/service.ts'
import { startBalancer } from './balancer.ts'
import { startDeployment } from './deployment.ts'
import { migrationsOf, nextRelease, type Migration } from './release.ts'

/** Three of each service, and a place for one more while it is rolled. */
const placesOfEach = 4

const settings = {
  DRAIN_ACCEPT_MS: '1000',
  DRAIN_GRACE_MS: '20000',
  DATABASE_POOL_SIZE: '4',
  MAX_EVENT_LOOP_DELAY_MS: '60000', // to be slow is no reason to be taken for unwell
}

/**
 * What Deployments of three replicas behind an Envoy are, on this machine. The migrations run before a release, not with
 * each start of a replica.
 *
 * @param options.envoy path of an Envoy.
 * @param options.databaseUrl of a service's database, by its name; made where it is missing.
 */
export const startReplicas = async (
  services: readonly Service[],
  { envoy, databaseUrl }: { readonly envoy: string; readonly databaseUrl: (service: string) => string },
) => {
  mkdirSync(join(workspace, '.quartet'), { recursive: true })
  // In the workspace, where the code of another release finds its packages.
  const directory = mkdtempSync(join(workspace, '.quartet', 'replicas-'))
  const log = openLog(join(directory, 'all.log'))
  await provideSecrets(directory, services)
  const accounts = demoAccounts(directory)

  const wanted = services.flatMap(({ name }) =>
    Array.from({ length: placesOfEach }, (_, place) => `${name}-${place}`),
  )
  const { ports } = await probePorts(
    [...wanted, 'edge', 'admin', 'metrics'].map((name) => ({ name, port: 0 })),
  )
  const places = services.map(({ name }) => ({
    name,
    ports: wanted.filter((place) => place.startsWith(`${name}-`)).map((place) => ports[place]!),
  }))
  /** All places, as DNS has all addresses: a client takes those that answer, in turn. */
  const targets = Object.fromEntries(
    places.map(({ name, ports }) => [name, `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`]),
  )

  const giveUp = new AbortController()
  const launched: Promise<Running>[] = []
  const start = (release: Service, port: number) => {
    const environment = {
      ...serviceEnvironment(release, {
        environment: { ...process.env, ...settings },
        services,
        ports: { [release.name]: port },
        databaseUrl: databaseUrl(release.name),
        directory,
      }),
      ...Object.fromEntries(
        Object.entries(targets).map(([name, target]) => [`QUARTET_${name.toUpperCase()}_TARGET`, target]),
      ),
    }
    const replica = startMigrated({ service: release, environment, log }, giveUp.signal)
    launched.push(replica)
    return replica
  }
  const migrateTo = ({ name, folder }: Service) =>
    migrate({ url: databaseUrl(name), directory: migrationsOf({ folder }), log: log.line })
  const stop = async () => {
    giveUp.abort()
    await Promise.all(launched.map((child) => child.then((one) => one.stop()).catch(() => {})))
    log.close()
    rmSync(directory, { recursive: true })
  }

  try {
    const balancer = await startBalancer({
      envoy,
      directory: join(directory, 'envoy'),
      ports: { edge: ports['edge']!, admin: ports['admin']!, metrics: ports['metrics']! },
      places,
      log,
    })
    launched.push(Promise.resolve(balancer.process))
    const deploy = async (service: Service) => {
      await migrateTo(service)
      const { ports } = places.find(({ name }) => name === service.name)!
      return startDeployment({ ports, release: service, start, available: balancer.available })
    }
    const deployments: Awaited<ReturnType<typeof deploy>>[] = []
    // All at once, nine processes would share what a small machine has.
    for (const service of services) deployments.push(await deploy(service))
    const deploymentOf = (name: string) => deployments.find(({ release }) => release().name === name)!

    return {
      /** host:port of Envoy. */
      edge: balancer.target,
      /** Every replica of each service, as a client takes them. */
      targets,
      accounts,
      /** The next release after another: the same code, written for a schema with one migration more. */
      nextRelease: (release: Service, migration: Migration) => nextRelease(release, directory, migration),
      migrateTo,
      /** Starts one replica more, of any release. Throws one line with what it said when it does not get ready. */
      start: async (release: Service) => start(release, await freePort()),
      /** Rolls a service to a release, to the one that it has if none is given. */
      roll: (name: string, release = deploymentOf(name).release()) => deploymentOf(name).roll(release),
      crash: (name: string) => deploymentOf(name).crash(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
