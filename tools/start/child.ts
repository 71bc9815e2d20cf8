import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { watchdog } from '@quartet/database/embedded'

/** How a process ended: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running process that belongs to the start. The launcher of PostgreSQL returns this shape too. */
export interface Running {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** The end of what it logged, oldest line first. */
  lastLines(): string[]
  /** Asks it to end, and resolves when it has. */
  stop(): Promise<unknown>
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly environment: NodeJS.ProcessEnv
  readonly onLine: (line: string) => void
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly grace?: number
}

const linesKept = 20

/**
 * Starts a program in a process group of its own: Ctrl-C in a terminal goes to every process of the
 * terminal's group, and these end in an order. The watchdog ends it when this process dies.
 * Throws when the program cannot be executed.
 */
export const startChild = async ({
  command,
  args,
  cwd,
  environment,
  onLine,
  grace = 30_000,
}: Program): Promise<Running> => {
  const child = spawn(command, args, {
    cwd,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(child, 'spawn')
  const pid = child.pid!
  const callOff = watchdog(pid, 'SIGKILL')

  const lines: string[] = []
  const read = (stream: Readable) =>
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (lines.length > linesKept) lines.shift()
      onLine(line)
    })
  read(child.stdout)
  read(child.stderr)

  child.once('exit', callOff)
  // Unlike 'exit', 'close' comes after the last line.
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }))
  return {
    pid,
    exited,
    lastLines: () => [...lines],
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), grace)
      await exited
      clearTimeout(timer)
    },
  }
}
