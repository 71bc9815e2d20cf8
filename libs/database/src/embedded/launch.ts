import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { as, type Account } from './account.ts'
import { starterSetting } from './orphan.ts'
import { watchdog } from './watchdog.ts'

/** How a process ended: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A server process that accepts connections. */
export interface Server {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly lastLines: () => string[]
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface LaunchOptions {
  readonly postgres: string
  readonly data: string
  readonly port: number
  readonly durable: boolean
  readonly account: Account | undefined
  readonly onLog: (line: string) => void
}

/** The server ended before it accepted connections. The message is what it said about it. */
export class LaunchError extends Error {}

/** Lines of the log that are kept for whoever asks what happened. */
const linesKept = 20

/**
 * Starts the server and waits until it accepts connections, however long its crash recovery takes.
 *
 * @throws LaunchError when it ends before that.
 */
export const launch = async ({
  postgres,
  data,
  port,
  durable,
  account,
  onLog,
}: LaunchOptions): Promise<Server> => {
  const child = spawn(postgres, ['-D', data, ...flags(settings(port, durable))], {
    ...as(account),
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal reaches all processes of its session: this one ends when it is told to, after its clients.
    detached: true,
  })
  const { promise: exited, resolve } = Promise.withResolvers<Exit>()
  const { promise: ready, resolve: accept, reject } = Promise.withResolvers<void>()
  const callOff = child.pid ? watchdog(child.pid, 'SIGINT') : () => {}
  const lines: string[] = []
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line)
    if (lines.length > linesKept) lines.shift()
    if (line.endsWith('database system is ready to accept connections')) accept()
    onLog(line)
  })
  child.once('error', reject)
  child.once('exit', callOff)
  // Unlike "exit", "close" comes after the last line of the log.
  child.once('close', (code, signal) => {
    resolve({ code, signal })
    reject(new LaunchError(complaint(lines)))
  })
  await ready
  return { pid: child.pid!, exited, lastLines: () => [...lines], kill: (signal) => child.kill(signal) }
}

const settings = (port: number, durable: boolean) => ({
  port,
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Where and in which language the line is found that says that the server is ready.
  log_destination: 'stderr',
  logging_collector: 'off',
  lc_messages: 'C',
  [starterSetting]: process.pid,
  // Nobody needs the data after a crash, so nothing waits for the disk.
  ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
})

const flags = (values: Record<string, string | number>) =>
  Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** Why a server gave up: what it said last, without the time and process before it. */
const complaint = (lines: string[]) => {
  const reason =
    lines.find((line) => line.includes('could not bind')) ??
    lines.findLast((line) => /FATAL|PANIC/.test(line))
  return (reason ?? lines.at(-1) ?? 'it said nothing').replace(/^.*?[A-Z]+: +/, '')
}
