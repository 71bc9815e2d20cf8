import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from '../services.ts'

/**
 * The secrets of a data folder, which only its owner may read: one that each service signs in with, and one that
 * encrypts the signing keys. Each is made by the first start that needs it and is nowhere but in its file.
 */
export const provideSecrets = (directory: string, services: readonly Service[]): void => {
  const folder = join(directory, 'secrets')
  mkdirSync(join(folder, 'service-secrets'), { recursive: true })
  chmodSync(folder, 0o700)
  for (const { name } of services) provide(join(folder, 'service-secrets', name))
  provide(join(folder, 'key-secret'))
}

/** The variables that tell a service where its secrets are. */
export const secretVariables = (directory: string, { name }: Service): NodeJS.ProcessEnv => {
  const folder = join(directory, 'secrets')
  return {
    QUARTET_SERVICE_SECRET_FILE: join(folder, 'service-secrets', name),
    QUARTET_SERVICE_SECRETS_DIR: join(folder, 'service-secrets'),
    QUARTET_KEY_SECRET_FILE: join(folder, 'key-secret'),
  }
}

/** Under another name first, so that a start that is killed leaves a whole secret or none. */
const provide = (file: string): void => {
  if (existsSync(file)) return
  writeFileSync(`${file}.new`, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
