import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeData } from '@quartet/database/embedded'
import { dataFolder } from './database.ts'

/** What outlives `--fresh`: a downloaded Envoy, and the lock which the start that forgets is holding. */
const kept = /^(bin|start\..*)$/

/** Forgets all data of earlier starts in a data folder, wherever the database keeps its own. */
export const forgetData = (directory: string): void => {
  removeData(dataFolder(directory))
  for (const name of readdirSync(directory)) {
    if (!kept.test(name)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}
