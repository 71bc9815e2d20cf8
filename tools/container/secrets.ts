import { randomBytes } from 'node:crypto'
import { newAccounts } from './demo-accounts.ts'

/** Secrets by name in groups by name. A group is a folder of files, or a Secret of Kubernetes: one for each who reads it. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Where an installation keeps its secrets. */
export interface SecretStore {
  /** Those of the groups that are there. */
  read(groups: readonly string[]): Promise<Secrets>
  /** Adds secrets to a group, which is made if it is missing. */
  write(group: string, secrets: Secrets[string]): Promise<void>
}

/** All groups of an installation with these services. */
export const groupsOf = (services: readonly string[]) => [...services, 'service-secrets', 'postgres']

/**
 * What services know each other by, and what the signing keys are encrypted with: what `known` has stays as it is, what it
 * lacks is made.
 *
 * | group | name | what |
 * |---|---|---|
 * | each service's | `service-secret` | what it signs in with at the user service |
 * | user | `key-secret` | encrypts the signing keys in the database |
 * | service-secrets | each service's name | the user service's copy of the first |
 */
export const identities = (known: Secrets, services: readonly string[]): Secrets => {
  const serviceSecrets = Object.fromEntries(
    services.map((service) => [service, keep(known, 'service-secrets', service, random)]),
  )
  const own = services.map((service) => [
    service,
    {
      'service-secret': serviceSecrets[service]!,
      ...(service === 'user' && { 'key-secret': keep(known, 'user', 'key-secret', random) }),
    },
  ])
  return { ...Object.fromEntries(own), 'service-secrets': serviceSecrets }
}

/**
 * Those of an installation with a PostgreSQL of its own and people to sign in, the identities included.
 *
 * | group | name | what |
 * |---|---|---|
 * | each service's | `database-url` | where its database is, with its own role and password |
 * | user | `demo-accounts.json` | whom QUARTET_DEMO makes |
 * | postgres | `password` | the server's administrator |
 */
export const completed = (known: Secrets, services: readonly string[]): Secrets => {
  const own = identities(known, services)
  const withDatabase = services.map((service) => [
    service,
    { 'database-url': keep(known, service, 'database-url', () => databaseUrl(service)), ...own[service] },
  ])
  const accounts = keep(known, 'user', 'demo-accounts.json', () => JSON.stringify(newAccounts()))
  const groups: Secrets = Object.fromEntries(withDatabase)
  return {
    ...own,
    ...groups,
    user: { ...groups['user'], 'demo-accounts.json': accounts },
    postgres: { password: keep(known, 'postgres', 'password', random) },
  }
}

const keep = (known: Secrets, group: string, name: string, make: () => string) =>
  known[group]?.[name] ?? make()

/** 256 bits that may stand in a URL. */
const random = () => randomBytes(32).toString('base64url')

const databaseUrl = (service: string) =>
  `postgresql://${service}:${random()}@postgres:5432/quartet_${service}`

/** Makes the secrets that a store lacks, of those that `all` names. Returns their names, as 'group/name'. */
export const makeSecrets = async (
  store: SecretStore,
  services: readonly string[],
  all: typeof completed = completed,
): Promise<string[]> => {
  const before = await store.read(groupsOf(services))
  const lacking = Object.entries(all(before, services)).map(([group, secrets]) => ({
    group,
    secrets: Object.fromEntries(
      Object.entries(secrets).filter(([name]) => before[group]?.[name] === undefined),
    ),
  }))
  for (const { group, secrets } of lacking) if (Object.keys(secrets).length) await store.write(group, secrets)
  return lacking.flatMap(({ group, secrets }) => Object.keys(secrets).map((name) => `${group}/${name}`))
}
