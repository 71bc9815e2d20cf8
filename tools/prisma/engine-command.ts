import { Client } from 'pg'
import { logError } from './engine-log.ts'
import { databaseOf, onServer } from './on-server.ts'

const commands: Record<string, (url: string) => Promise<void>> = {
  'can-connect-to-database': async (connectionString) => {
    const client = new Client({ connectionString })
    await client.connect()
    await client.end()
  },
  'create-database': (url) => onServer(url, `create database ${databaseOf(url).quoted}`),
  'drop-database': (url) => onServer(url, `drop database if exists ${databaseOf(url).quoted} with (force)`),
}

/** `schema-engine cli <command>`: what Prisma asks before it starts the engine proper. */
export const runCommand = async (name = '', url: string): Promise<void> => {
  try {
    const command = commands[name]
    if (!command) throw new Error(`The schema engine has no command "${name}".`)
    await command(url)
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    logError(message, prismaCodes[code] ?? 'P1000')
    process.exitCode = 1
  }
}

const prismaCodes: Record<string, string> = { '3D000': 'P1003', ECONNREFUSED: 'P1001' }
