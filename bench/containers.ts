import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A container that runs, and the port on this machine where it is reached. */
export interface Container {
  readonly port: number
  /** What it has said. */
  log(): Promise<string>
  remove(): Promise<void>
}

/** Whether there is an engine that runs containers. */
export const hasEngine = (): boolean => {
  try {
    execFileSync('docker', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const docker = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { cwd: join(import.meta.dirname, '..') })).stdout.trim()

const network = `quartet-bench-${process.pid}`
const label = `bench=${process.pid}`

/** Everything that this process has made, for its end. */
export const removeAll = (): void => {
  const containers = execFileSync('docker', ['ps', '-aq', '--filter', `label=${label}`], { encoding: 'utf8' })
  if (containers) execFileSync('docker', ['rm', '-fv', ...containers.trim().split('\n')], { stdio: 'ignore' })
  execFileSync('docker', ['network', 'rm', '-f', network], { stdio: 'ignore' })
}

/** Runs an image; a service listens on 50051 in it. */
export const run = async (image: string, ...args: string[]): Promise<Container> => {
  const options = ['-d', '--label', label, '--network', network, '-p', '127.0.0.1::50051']
  const id = await docker('run', ...options, ...args, image)
  return {
    port: Number((await docker('port', id, '50051')).split(':').at(-1)),
    async log() {
      const { stdout, stderr } = await promisify(execFile)('docker', ['logs', id])
      return (stdout + stderr).trim()
    },
    async remove() {
      await docker('rm', '-f', id)
    },
  }
}

/** A PostgreSQL with the schema of a service. Returns its URL, for a container. */
export const databaseOf = async (image: string): Promise<string> => {
  await docker('network', 'create', network)
  const trust = ['-e', 'POSTGRES_HOST_AUTH_METHOD=trust']
  const id = await docker('run', '-d', '--label', label, '--network', network, ...trust, 'postgres:18')
  const url = `postgresql://postgres@${id.slice(0, 12)}:5432/postgres`
  for (;;) {
    try {
      const migrate = ['--network', network, '-e', `DATABASE_URL=${url}`, image, 'src/migrate.ts']
      await docker('run', '--rm', '--label', label, ...migrate)
      return url
    } catch {
      await sleep(500) // it is still being set up
    }
  }
}

/** The yardstick: bare-server.ts in the image of a service, compiled beforehand as the service is. Returns its id. */
export const buildBare = async (base: string): Promise<string> => {
  const context = mkdtempSync(join(tmpdir(), 'quartet-bench-'))
  const load =
    "process.argv = ['', '', '50051']; import('/app/bench/bare-server.ts').then(() => process.exit())"
  try {
    copyFileSync(join(import.meta.dirname, 'bare-server.ts'), join(context, 'bare-server.ts'))
    writeFileSync(
      join(context, 'Dockerfile'),
      `FROM ${base}
WORKDIR /app/bench
COPY bare-server.ts .
RUN ${JSON.stringify(['/nodejs/bin/node', '-e', load])}
CMD ["bare-server.ts", "50051", "0.0.0.0"]
`,
    )
    return await docker('build', '-q', context)
  } finally {
    rmSync(context, { recursive: true })
  }
}
