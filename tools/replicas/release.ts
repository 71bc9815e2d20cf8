import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from '../services.ts'

/** What is added to a service's schema, as a folder of `prisma/migrations`. */
export interface Migration {
  readonly name: string
  readonly sql: string
}

/** Where the migrations of a service, or of a release of it, are. */
export const migrationsOf = ({ folder }: Pick<Service, 'folder'>) => join(folder, 'prisma/migrations')

/** The next release of a service, below `directory`: the same code, written for a schema with one migration more. */
export const nextRelease = (service: Service, directory: string, { name, sql }: Migration): Service => {
  // Beside its package.json nothing of it is needed, and Jest does not want to see that twice.
  const folder = join(directory, name, service.name)
  for (const part of ['src', 'prisma'])
    cpSync(join(service.folder, part), join(folder, part), { recursive: true })
  const migration = join(migrationsOf({ folder }), name)
  mkdirSync(migration)
  writeFileSync(join(migration, 'migration.sql'), sql)
  return { ...service, folder }
}
