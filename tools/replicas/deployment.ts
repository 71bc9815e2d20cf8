import type { Service } from '../services.ts'
import type { Running } from '../start/child.ts'
import { lastWords } from '../start/last-words.ts'

/**
 * Starts a replica on each port but one, which stays free for the new one of a rolling update.
 *
 * @param options.start resolves when the replica is ready, and throws when it does not get there.
 * @param options.available resolves when the edge has found so many replicas of a service.
 */
export const startDeployment = async (options: {
  readonly ports: readonly number[]
  readonly release: Service
  readonly start: (release: Service, port: number) => Promise<Running>
  readonly available: (name: string, replicas: number) => Promise<void>
}) => {
  const { ports, start, available } = options
  const launch = async (port: number) => ({ port, process: await start(release, port) })

  let { release } = options
  const { name } = release
  let replicas = await Promise.all(ports.slice(1).map(launch))
  await available(name, replicas.length)

  return {
    /** What new replicas are of. */
    release: () => release,

    /** Replaces every replica as a Deployment does: a new one, and once it is ready an old one is told to stop and drains. */
    async roll(next: Service): Promise<void> {
      release = next
      for (const old of replicas) {
        const free = ports.find((port) => replicas.every((replica) => replica.port !== port))!
        replicas = [...replicas, await launch(free)]
        await available(name, replicas.length)
        await old.process.stop()
        const { code } = await old.process.exited
        if (code !== 0) throw new Error(`${name} did not drain: ${lastWords(name, old.process.lastLines())}`)
        replicas = replicas.filter((replica) => replica !== old)
      }
    },

    /** Kills a replica, and starts it again. */
    async crash(): Promise<void> {
      const [victim, ...others] = replicas
      process.kill(victim!.process.pid, 'SIGKILL')
      await victim!.process.exited
      replicas = [...others, await launch(victim!.port)]
    },
  }
}
