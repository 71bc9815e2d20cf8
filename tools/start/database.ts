import { join } from 'node:path'
import { startPostgres, type Postgres } from '@quartet/database/embedded'
import { Client } from 'pg'
import { step, type Listener } from './events.ts'
import type { LogFile } from './log-file.ts'
import type { Processes } from './processes.ts'

/** The server that holds one database for each service. */
export interface Database {
  readonly url: (database: string) => string
}

/** The folder of the embedded server, as its launcher is told it. */
export const dataFolder = (directory: string) => join(directory, 'postgres')

/**
 * The embedded server: starts as one of the processes, and is on the same port whenever it comes back.
 * Throws its launcher's one line.
 */
export const embeddedDatabase = async (
  { directory, port, durable = true }: { directory: string; port: number; durable?: boolean },
  processes: Processes,
): Promise<Database> => {
  let postgres: Postgres
  const start = async (log: LogFile) => {
    postgres = await startPostgres({ dataDir: dataFolder(directory), port, durable, onLog: log.line })
    return postgres
  }
  await processes.start('postgres', `127.0.0.1:${port}`, start)
  return { url: (database) => postgres.url(database) }
}

/**
 * Uses the server that DATABASE_URL names, whatever database it names there.
 * Throws one line when the URL is malformed or the server does not let us in within 5 s.
 */
export const remoteDatabase = async (serverUrl: string, onEvent: Listener): Promise<Database> => {
  const server = parse(serverUrl)
  const url = (database: string) => Object.assign(new URL(server), { pathname: `/${database}` }).href
  const place = `${server.hostname}:${server.port || '5432'}`
  // Every server has this database, and the services' own are made through it.
  const check = () => connectOnce(url('postgres'), place)
  await step(onEvent, 'postgres', place, check)
  return { url }
}

const connectOnce = async (connectionString: string, place: string) => {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    throw new Error(
      `DATABASE_URL: PostgreSQL at ${place} cannot be used (${message || code}). Start it, or correct the URL.`,
      { cause: error },
    )
  } finally {
    // There is nothing to close where nothing was opened.
    await client.end().catch(() => {})
  }
}

const parse = (text: string): URL => {
  const url = URL.parse(text)
  if (url?.hostname && /^postgres(ql)?:$/.test(url.protocol)) return url
  throw new Error('DATABASE_URL must look like postgresql://user:password@host:5432/postgres.')
}
