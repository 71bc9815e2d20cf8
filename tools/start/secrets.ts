import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { secretsInFolder } from '../container/secrets-in-folder.ts'
import { identities, makeSecrets } from '../container/secrets.ts'
import type { Service } from '../services.ts'

const folderOf = (directory: string) => join(directory, 'secrets')

/**
 * The secrets of a data folder, which only its owner may read. Each is made by the first start that needs it and is nowhere
 * but in its file.
 */
export const provideSecrets = async (directory: string, services: readonly Service[]): Promise<void> => {
  const folder = folderOf(directory)
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o700)
  const names = services.map(({ name }) => name)
  await makeSecrets(secretsInFolder(folder, 0o600), names, identities)
}

/** The variables that tell a service where its secrets are. */
export const secretVariables = (directory: string, { name }: Service): NodeJS.ProcessEnv => {
  const folder = folderOf(directory)
  return {
    QUARTET_SERVICE_SECRET_FILE: join(folder, name, 'service-secret'),
    QUARTET_SERVICE_SECRETS_DIR: join(folder, 'service-secrets'),
    QUARTET_KEY_SECRET_FILE: join(folder, 'user', 'key-secret'),
  }
}
