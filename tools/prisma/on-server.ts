import { Client } from 'pg'

/** Runs a statement on the server of `url` outside of its database, which may be missing. */
export const onServer = async (url: string, statement: string): Promise<void> => {
  const server = new URL(url)
  server.pathname = '/postgres'
  const client = new Client({ connectionString: server.href })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The database of `url`, as a name and quoted for SQL. */
export const databaseOf = (url: string): { name: string; quoted: string } => {
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  return { name, quoted: `"${name.replaceAll('"', '""')}"` }
}
