import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { watchdog } from '@quartet/database/embedded'
import { allServices } from '@quartet/proto/all'
import { probePorts } from '../ports.ts'
import { workspace } from '../services.ts'
import { findInstalledEnvoy } from './find.ts'
import { renderEnvoy } from './render.ts'
import { writeResources } from './resources.ts'
import { routeConfiguration } from './routes.ts'

/** The Envoy of this machine, undefined if there is none: tests fetch nothing. */
export const envoy = (await findInstalledEnvoy(join(workspace, '.quartet/bin'))).envoy?.path

/** An Envoy that runs, before one backend. */
export interface RunningEnvoy {
  /** host:port of the edge. */
  readonly target: string
  /** host:port of the metrics. */
  readonly metrics: string
  readonly directory: string
  /** One of Envoy's own figures, such as 'cluster.user.membership_healthy'; 0 before there is any. */
  figure(name: string): Promise<number>
  /** Resolves when that figure is at least `value`. */
  reached(name: string, value: number): Promise<void>
  /** Resolves to the first line, of the access log or of what Envoy says of itself, that holds `text`. */
  line(text: string): Promise<string>
  stop(): Promise<void>
}

/** What a test wants to be otherwise than `npm start` has it. */
export interface Changes {
  /** The backend's host, 127.0.0.1 by default. */
  readonly host?: string
  readonly origins?: readonly string[]
  readonly yaml?: (envoyYaml: string) => string
}

/** Renders the edge into a new folder and starts it on free ports. All services of the contract are the backend's. */
export const startEnvoy = async (port: number, { host = '127.0.0.1', origins = [], yaml }: Changes) => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-'))
  const { ports } = await probePorts(['edge', 'admin', 'metrics'].map((name) => ({ name, port: 0 })))
  const { args } = await renderEnvoy({
    directory,
    edge: { host: '127.0.0.1', port: ports['edge']! },
    adminPort: ports['admin']!,
    metricsPort: ports['metrics']!,
    services: [{ name: 'user', host, port }],
  })
  const everything = [{ name: 'user', serves: allServices.map(({ name }) => name) }]
  await writeResources(directory, 'routes.yaml', [routeConfiguration(allServices, everything, origins)])
  const file = join(directory, 'envoy.yaml')
  if (yaml) await writeFile(file, yaml(await readFile(file, 'utf8')))

  const child = spawn(envoy!, [...args, '--file-flush-interval-msec', '20'], { cwd: directory })
  // However the tests end, nobody is left behind.
  const callOff = watchdog(child.pid!, 'SIGKILL')
  let gone = false
  const exited = once(child, 'exit').finally(() => {
    gone = true
    callOff()
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))

  /** Envoy tells nobody when something has happened: asked again and again, until it has or Envoy is gone. */
  const until = async <T>(found: () => T | undefined | Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const value = await found()
      if (value !== undefined) return value
      if (gone) throw new Error(`Envoy has ended. ${output}`)
      await delay(10)
    }
  }
  const stats = `http://127.0.0.1:${ports['admin']}/stats?format=json`
  const figure = async (name: string) => {
    const answer = await fetch(`${stats}&filter=^${name}$`).catch(() => undefined)
    return ((await answer?.json()) as { stats: { value: number }[] } | undefined)?.stats[0]?.value ?? 0
  }
  const running: RunningEnvoy = {
    target: `127.0.0.1:${ports['edge']}`,
    metrics: `127.0.0.1:${ports['metrics']}`,
    directory,
    figure,
    reached: async (name, value) =>
      void (await until(async () => (await figure(name)) >= value || undefined)),
    line: (text) => until(() => output.split('\n').find((line) => line.includes(text))),
    async stop() {
      child.kill('SIGKILL')
      await exited
      await rm(directory, { recursive: true })
    },
  }
  await running.reached('http.edge.rds.edge.update_success', 1)
  await running.reached('cluster.user.membership_healthy', 1)
  return running
}
