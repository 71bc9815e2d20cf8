import { Client } from 'pg'
import { explainConnectionError } from './connection-error.ts'

/**
 * A connection to the database of `url`, which is made first where it is missing.
 *
 * @throws one line: the server is not there or refuses the user, or the user may not make a database.
 */
export const openDatabase = async (url: string, log: (line: string) => void): Promise<Client> => {
  try {
    return await connect(url)
  } catch (error) {
    if ((error as { code?: string }).code !== missing) throw explainConnectionError(error)
    await createDatabase(url)
    log(`made the database ${databaseOf(url)}`)
    return await connect(url)
  }
}

/** The database does not exist. */
const missing = '3D000'
/** It exists; the second one when two are made at the same moment. */
const duplicates = new Set(['42P04', '23505'])

const createDatabase = async (url: string) => {
  const name = databaseOf(url)
  const server = new URL(url)
  server.pathname = '/postgres'
  let client: Client | undefined
  try {
    client = await connect(server.href)
    await client.query(`create database ${client.escapeIdentifier(name)}`)
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    // Somebody else was faster.
    if (duplicates.has(code)) return
    throw new Error(`The database ${name} is missing and cannot be made: ${message}.`, { cause: error })
  } finally {
    await client?.end()
  }
}

const connect = async (connectionString: string) => {
  const client = new Client({
    connectionString,
    application_name: 'migrate',
    connectionTimeoutMillis: 10_000,
  })
  // A connection that breaks fails the query that runs on it; unheard, the event would end the process.
  client.on('error', () => {})
  await client.connect()
  return client
}

const databaseOf = (url: string) => decodeURIComponent(new URL(url).pathname.slice(1))
