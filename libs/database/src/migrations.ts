import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A migration as it stands in a folder `prisma/migrations/<name>/migration.sql`. */
export interface Migration {
  /** Begins with a time, so that names sort in the order in which they apply. */
  readonly name: string
  readonly sql: string
  /** Prisma's fingerprint of it: sha256 of the text, hex. */
  readonly checksum: string
}

/**
 * The migrations of a service, in the order in which they apply.
 *
 * @throws when the directory holds none, or one without its file.
 */
export const readMigrations = (directory: string): Migration[] => {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
  if (names.length === 0) throw new Error(`There are no migrations in ${directory}.`)
  return names.map((name) => {
    const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
    return { name, sql, checksum: checksum(sql) }
  })
}

/** Whether `recorded` is the checksum of this migration, be it with the line ends of Unix or of Windows. */
export const isSame = ({ sql }: Migration, recorded: string): boolean => {
  const unix = sql.replaceAll('\r\n', '\n')
  return recorded === checksum(unix) || recorded === checksum(unix.replaceAll('\n', '\r\n'))
}

const checksum = (sql: string) => createHash('sha256').update(sql).digest('hex')
