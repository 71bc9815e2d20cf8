import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeData, startPostgres } from '@quartet/database/embedded'
import { services } from '../services.ts'

/** Writes the SQL that leads from a service's migrations to its schema.prisma, with a database of its own for that. */
const newMigration = async (folder: string, name: string): Promise<number> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'quartet-migration-'))
  const postgres = await startPostgres({ dataDir, durable: false })
  try {
    const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js')
    const { status } = spawnSync(
      process.execPath,
      [prisma, 'migrate', 'dev', '--create-only', '--name', name],
      {
        cwd: folder,
        env: { ...process.env, DATABASE_URL: postgres.url('dev') },
        stdio: 'inherit',
      },
    )
    return status ?? 1
  } finally {
    await postgres.stop()
    removeData(dataDir)
  }
}

/** `npm run db:new -- <service> <name>` */
const [, , wanted, name = ''] = process.argv
const service = services().find((service) => service.name === wanted)
try {
  if (!service || !/^[a-z][a-z0-9_]*$/.test(name)) {
    const names = services().map((service) => service.name)
    throw new Error(`Usage: npm run db:new -- <${names.join(' | ')}> <name_of_the_change>`)
  }
  process.exitCode = await newMigration(service.folder, name)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
