import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'

// Gives each service a role and a database of its own on a server that nobody else administers: Compose's, or that of the
// Kubernetes demo. Any number of times: what is there stays, and a password that was made anew takes effect.
//   provision.ts <file with the administrator's password> <file with a service's database URL>...
const [passwordFile, ...urlFiles] = process.argv.slice(2)
const urls = urlFiles.map((file) => new URL(readFileSync(file, 'utf8')))

/** Waits for the server, which is being started at the same time. */
const connect = async ({ hostname, port }: URL): Promise<Client> => {
  for (let said = ''; ; await delay(500)) {
    const client = new Client({
      host: hostname,
      port: Number(port),
      user: 'postgres',
      database: 'postgres',
      password: readFileSync(passwordFile!, 'utf8'),
      connectionTimeoutMillis: 5_000,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (error) {
      const { message } = error as Error
      if (message !== said) console.log(`waits for PostgreSQL: ${(said = message)}`)
    }
  }
}

const provision = async (client: Client, { username, password, pathname }: URL) => {
  const role = escapeIdentifier(decodeURIComponent(username))
  const name = decodeURIComponent(pathname.slice(1))
  const roles = await client.query('select from pg_roles where rolname = $1', [decodeURIComponent(username)])
  if (!roles.rowCount) await client.query(`create role ${role} login`)
  await client.query(`alter role ${role} password ${escapeLiteral(decodeURIComponent(password))}`)
  const databases = await client.query('select from pg_database where datname = $1', [name])
  if (!databases.rowCount) await client.query(`create database ${escapeIdentifier(name)} owner ${role}`)
  // Else every role may connect to every database.
  await client.query(`revoke connect on database ${escapeIdentifier(name)} from public`)
  console.log(`${name} is there, and ${role} owns it`)
}

const client = await connect(urls[0]!)
for (const url of urls) await provision(client, url)
await client.end()
