import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testDatabase } from '@quartet/testing'
import { services, workspace } from '../services.ts'
import { databaseOf, onServer } from './on-server.ts'

const cli = createRequire(import.meta.url).resolve('prisma/build/index.js')

/** Runs Prisma's own command line in a service's folder. */
const prisma = async (cwd: string, url: string, ...args: string[]) => {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], {
    cwd,
    env: {
      ...process.env,
      DATABASE_URL: url,
      PATH: `${join(workspace, 'node_modules', '.bin')}:${process.env['PATH']}`,
    },
  })
  return stdout
}

/** Exits with 2 when something differs. */
const diff = ['migrate', 'diff', '--to-schema', 'prisma/schema.prisma', '--exit-code']

test.each(services())(
  '$name: Prisma finds its migrations applied, and its schema in them',
  async ({ folder }) => {
    const database = await testDatabase({ migrations: join(folder, 'prisma', 'migrations') })
    const [status, drift] = await Promise.all([
      prisma(folder, database.url, 'migrate', 'status'),
      prisma(folder, database.url, ...diff, '--from-config-datasource'),
    ])
    expect(status).toContain('Database schema is up to date!')
    expect(drift).toContain('No difference detected.')
    await database.drop()
  },
)

test('Prisma writes and applies a migration from a schema, and sees what a later one lacks', async () => {
  const project = mkdtempSync(join(tmpdir(), 'quartet-prisma-'))
  const folder = join(project, 'services', 'thing')
  mkdirSync(folder, { recursive: true })
  symlinkSync(join(workspace, 'node_modules'), join(project, 'node_modules'))
  symlinkSync(join(workspace, 'tools'), join(project, 'tools'))
  for (const file of ['prisma.config.ts', 'prisma/schema.prisma'])
    cpSync(join(services()[0]!.folder, file), join(folder, file))
  const url = new URL(process.env['TEST_DATABASE_URL']!)
  url.pathname = `/prisma_${process.pid}`

  await prisma(folder, url.href, 'migrate', 'dev', '--create-only', '--name', 'first')
  const migrations = join(folder, 'prisma', 'migrations')
  const [name] = readdirSync(migrations).filter((entry) => entry.endsWith('_first'))
  expect(readFileSync(join(migrations, name!, 'migration.sql'), 'utf8')).toContain('CREATE TABLE')
  expect(await prisma(folder, url.href, 'migrate', 'deploy')).toContain(
    'All migrations have been successfully applied.',
  )
  rmSync(join(migrations, name!), { recursive: true })
  await expect(
    prisma(folder, url.href, ...diff, '--from-migrations', 'prisma/migrations'),
  ).rejects.toMatchObject({ code: 2 })
  await onServer(url.href, `drop database ${databaseOf(url.href).quoted}`)
  rmSync(project, { recursive: true })
})
