import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { serverAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { openCluster } from './cluster.ts'
import { launch, LaunchError, type Exit, type LaunchOptions, type Server } from './launch.ts'
import { endOrphan } from './orphan.ts'
import { prepareLocation } from './place.ts'

/** A running PostgreSQL server, reachable from this machine only. */
export interface Postgres {
  readonly port: number
  readonly pid: number
  /** Where its files are: the folder that was asked for, or the one that `dataLocation` names. */
  readonly dataDir: string
  /** A connection string of its superuser, password included. The database is `postgres` unless another is named. */
  url(database?: string): string
  /** Resolves when the server has ended, by `stop` or on its own. */
  readonly exited: Promise<Exit>
  /** The end of its log, at most 20 lines. */
  lastLines(): string[]
  /** Disconnects everybody, writes what is in memory to disk and resolves when the server has ended. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Made if it is missing, and then private to the user that PostgreSQL runs as. Kept until somebody removes it. */
  readonly dataDir: string
  /** Without one, any free port. */
  readonly port?: number
  /** False: nothing waits for the disk, so a crash of the machine may destroy the data. For tests. */
  readonly durable?: boolean
  readonly onLog?: (line: string) => void
}

/** How long the processes of a killed server may hold on to its memory, in milliseconds. */
const patience = 15_000

/**
 * Starts the PostgreSQL server that npm brought along, on the data in a folder of its own. Takes about a second the
 * first time and a tenth after that; recovers from a crash by itself. The server ends with this process, however that
 * ends.
 *
 * @throws an error of one line that says what to do: no PostgreSQL for this platform, a folder that cannot be written
 * or is in use or holds data of another version, a busy port.
 */
export const startPostgres = async ({
  dataDir,
  port,
  durable = true,
  onLog = () => {},
}: StartOptions): Promise<Postgres> => {
  const folder = prepareLocation(dataDir)
  const account = serverAccount(folder)
  const binaries = findBinaries(account)
  const { data, password } = await openCluster(folder, binaries, { account, durable })
  await endOrphan(data)
  const server = await persist({
    postgres: binaries.postgres,
    data,
    port: port ?? 0,
    durable,
    account,
    onLog,
  })
  return {
    port: server.port,
    pid: server.pid,
    dataDir: folder,
    url: (database = 'postgres') =>
      `postgresql://postgres:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
    exited: server.exited,
    lastLines: server.lastLines,
    async stop() {
      server.kill(durable ? 'SIGINT' : 'SIGQUIT')
      await server.exited
    },
  }
}

/** Launches again where the reason to fail passes: memory of a killed server still in use, or a free port just taken. */
const persist = async (options: LaunchOptions): Promise<Server & { port: number }> => {
  const deadline = Date.now() + patience
  for (;;) {
    const port = options.port || (await freePort())
    try {
      return { ...(await launch({ ...options, port })), port }
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error
      const busyPort = error.message.includes('could not bind')
      if (busyPort && options.port) {
        throw new Error(`Port ${port} of 127.0.0.1 is in use: PostgreSQL needs another one.`, {
          cause: error,
        })
      }
      const passes = busyPort || error.message.includes('pre-existing shared memory')
      if (!passes || Date.now() > deadline) {
        throw new Error(`PostgreSQL did not start on ${options.data}: ${error.message}`, { cause: error })
      }
    }
    await delay(100)
  }
}

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
