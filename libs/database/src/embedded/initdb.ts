import { spawn } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { as, type Account } from './account.ts'
import { watchdog } from './watchdog.ts'

export interface InitdbOptions {
  readonly data: string
  readonly passwordFile: string
  readonly account: Account | undefined
  /** False: does not wait until the files are on the disk. */
  readonly durable: boolean
}

/**
 * Makes the files of a new server in `data`, which the account can read and write; the superuser's password stands in
 * `passwordFile`. They get their name when they are whole, so that a kill at any moment leaves all of them or none.
 *
 * @throws one line that says what initdb said.
 */
export const runInitdb = async (
  initdb: string,
  { data, passwordFile, account, durable }: InitdbOptions,
): Promise<void> => {
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true, maxRetries: 10 })
  const child = spawn(
    initdb,
    [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Knows upper and lower case of all scripts, and sorts the same on every machine.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(durable ? [] : ['--no-sync']),
    ],
    { ...as(account), stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  const { promise: exited, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('exit', resolve).once('error', reject)
  const callOff = child.pid ? watchdog(child.pid, 'SIGTERM') : () => {}
  const [code, problems] = await Promise.all([exited, text(child.stderr)]).finally(callOff)
  if (code !== 0) throw new Error(`PostgreSQL could not make its files in ${data}: ${lastLine(problems)}`)
  renameSync(unfinished, data)
}

const lastLine = (output: string) => {
  const lines = output.trim().split('\n')
  return lines.find((line) => line.includes('error:')) ?? lines.at(-1)
}
