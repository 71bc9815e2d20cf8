import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'

/** The file with the variables of a running service, for commands that work beside it. */
const variablesFile = (directory: string, service: string) => join(directory, 'env', service)

/** What a running service was started with beyond its caller's own variables; undefined where none runs. */
export const readVariables = (directory: string, service: string): NodeJS.Dict<string> | undefined => {
  try {
    return parseEnv(readFileSync(variablesFile(directory, service), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes down what a service was started with beyond its caller's own variables: its owner alone may read it. */
export const writeVariables = (
  directory: string,
  service: string,
  { environment, without }: { environment: NodeJS.ProcessEnv; without: NodeJS.ProcessEnv },
): void => {
  const file = variablesFile(directory, service)
  const own = Object.entries(environment).filter(([name, value]) => value !== without[name])
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, own.map(([name, value]) => `${name}='${value}'\n`).join(''), { mode: 0o600 })
}

/** Forgets them: nothing runs any more. */
export const removeVariables = (directory: string): void =>
  rmSync(join(directory, 'env'), { recursive: true, force: true })
