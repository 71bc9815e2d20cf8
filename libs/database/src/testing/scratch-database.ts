import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

/** The name of a database that does not exist yet, on the server of this test run, and the means to delete it. */
export const scratchDatabase = () => {
  const server = process.env['TEST_DATABASE_URL']!
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  const url = new URL(server)
  url.pathname = `/${name}`

  const onServer = async (statement: string) => {
    const client = new Client({ connectionString: server })
    await client.connect()
    await client.query(statement)
    await client.end()
  }
  return {
    url: url.href,
    create: () => onServer(`create database ${name}`),
    drop: () => onServer(`drop database if exists ${name} with (force)`),
  }
}
