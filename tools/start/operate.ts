import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadEnvFile } from 'node:process'
import { workspace } from '../services.ts'
import { variablesFile } from './variables.ts'

// Runs a command of the user service (`npm run admin:create`, `npm run keys:rotate`): on the database that DATABASE_URL
// names, else on that of the suite that `npm start` runs here.
const file = variablesFile(join(workspace, '.quartet'), 'user')
if (!process.env['DATABASE_URL'] && existsSync(file)) loadEnvFile(file)

const [node, , command, ...rest] = process.argv
const path = join(workspace, 'services/user/src', command!)
process.argv = [node!, path, ...rest]
await import(path)
