import { join } from 'node:path'
import type { Running } from './child.ts'
import { step, type Listener } from './events.ts'
import { openLog, type LogFile } from './log-file.ts'
import { supervise, type Death, type Supervised } from './supervisor.ts'

/** The processes of one suite, each kept up and with a log of its own. */
export interface Processes {
  /** Starts one and resolves when it is ready. Throws what `start` throws; then there is nothing to stop. */
  readonly start: (name: string, place: string, start: Start) => Promise<void>
  /** Those that are up. */
  readonly list: () => { name: string; pid: number }[]
  readonly restart: (name: string) => void
  /** Ends those of these names that there are, all at once, and for good. */
  readonly stop: (names: readonly string[]) => Promise<void>
}

type Start = (log: LogFile, signal: AbortSignal) => Promise<Running>

/** Keeps logs in a folder; `signal` gives up those that are not ready yet. */
export const createProcesses = (logFolder: string, onEvent: Listener, signal: AbortSignal): Processes => {
  const all = new Map<string, { log: LogFile; supervised?: Supervised }>()

  const stop = async (name: string) => {
    const { log, supervised } = all.get(name) ?? {}
    if (supervised) {
      const began = performance.now()
      await supervised.stop()
      onEvent({ type: 'stopped', name, milliseconds: performance.now() - began })
    }
    log?.close()
  }

  return {
    async start(name, place, start) {
      const log = openLog(join(logFolder, `${name}.log`))
      const process: { log: LogFile; supervised?: Supervised } = { log }
      all.set(name, process)
      const told: LogFile = {
        ...log,
        line(text) {
          log.line(text)
          onEvent({ type: 'line', name, text })
        },
      }
      const supervision = {
        start: (signal: AbortSignal) => start(told, signal),
        onDeath: (death: Death) => onEvent({ type: 'died', name, ...death }),
        onReturn: () => onEvent({ type: 'returned', name }),
      }
      process.supervised = await step(onEvent, name, place, () => supervise(supervision, signal))
    },
    list: () =>
      [...all].flatMap(([name, { supervised }]) => {
        const pid = supervised?.pid()
        return pid === undefined ? [] : [{ name, pid }]
      }),
    restart: (name) => all.get(name)?.supervised?.restart(),
    async stop(names) {
      await Promise.all(names.map(stop))
    },
  }
}
