import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicKeys } from './identity.ts'

/** A process of its own, so that its CPU time is its own too. */
export interface Measured {
  readonly port: number
  /** Microseconds of CPU, on all threads, that the process has used since its start. */
  cpu(): Promise<number>
  /** Has the process do what it gave `serving` as `work`. */
  work(amount: number): Promise<void>
  stop(): Promise<void>
}

const directory = mkdtempSync(join(tmpdir(), 'quartet-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
process.once('SIGINT', () => process.exit(130))
/** Log lines go to a file, as a container's do; nobody reads it. */
const log = openSync(join(directory, 'log'), 'a')

/** Starts a file of servers/ and waits until it serves. It ends with this process at the latest. */
export const start = async (file: string, environment: Record<string, string> = {}): Promise<Measured> => {
  const child = fork(join(import.meta.dirname, 'servers', file), {
    stdio: ['ignore', log, 'inherit', 'ipc'],
    env: { ...process.env, BENCH_KEYS: publicKeys, ...environment },
  })
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`servers/${file} ended with ${code} while it was needed`)
  })
  ended.catch(() => {})
  const reply = async (): Promise<number> => {
    const [answer] = await Promise.race([once(child, 'message'), ended])
    return answer as number
  }
  const port = await reply()

  return {
    port,
    cpu() {
      child.send({ task: 'cpu' })
      return reply()
    },
    async work(amount) {
      child.send({ task: 'work', amount })
      await reply()
    },
    async stop() {
      child.disconnect()
      await ended.catch(() => {})
    },
  }
}

/** Microseconds of `server`'s CPU that one of `count` units costs while `load` runs. */
export const cpuPer = async (server: Measured, count: number, load: () => Promise<void>): Promise<number> => {
  const before = await server.cpu()
  await load()
  return ((await server.cpu()) - before) / count
}
