import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SecretStore } from './secrets.ts'

/**
 * Secrets as files in a folder for each group: whoever is given a group mounts its folder.
 * @param mode of the files. In a volume their readers run under other users, PostgreSQL's among them; who sees the folder
 * at all, the mounts decide.
 */
export const secretsInFolder = (directory: string, mode = 0o444): SecretStore => ({
  async read(groups) {
    mkdirSync(directory, { recursive: true })
    const present = readdirSync(directory).filter((name) => groups.includes(name))
    return Object.fromEntries(present.map((group) => [group, readGroup(join(directory, group))]))
  },

  async write(group, secrets) {
    mkdirSync(join(directory, group), { recursive: true })
    for (const [name, value] of Object.entries(secrets)) {
      const file = join(directory, group, name)
      writeFileSync(`${file}.new`, value, { mode }) // whole or not there, whatever is killed
      renameSync(`${file}.new`, file)
    }
  },
})

const readGroup = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.endsWith('.new'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )
