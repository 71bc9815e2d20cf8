import { join } from 'node:path'
import { workspace } from '../services.ts'
import { describeError } from './describe-error.ts'
import { generate } from './generate.ts'
import { readVariables } from './variables.ts'

/**
 * Runs a command of the user service (`npm run admin:create`, `npm run keys:rotate`): on the database that DATABASE_URL
 * names, else on that of the suite that `npm start` runs here.
 */
const directory = join(workspace, '.quartet')

const prepare = async () => {
  // With a database of its own there may never have been a start here.
  if (process.env['DATABASE_URL'])
    return generate({ directory, environment: process.env }, () => {}, new AbortController().signal)
  const variables = readVariables(directory, 'user')
  if (!variables)
    throw new Error(
      'Nothing runs here: npm start, in another terminal. Or name the database of a user service: DATABASE_URL.',
    )
  // What its caller says wins.
  Object.assign(process.env, { ...variables, ...process.env })
}

const [node, , command, ...rest] = process.argv
const path = join(workspace, 'services/user/src', command!)
process.argv = [node!, path, ...rest]
await prepare().catch((error: unknown) => {
  console.error(describeError(error))
  process.exit(1)
})
await import(path)
