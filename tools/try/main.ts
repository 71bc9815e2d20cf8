import { join } from 'node:path'
import { RpcError } from '@quartet/rpc'
import { workspace } from '../services.ts'
import { accountsFile, type Account } from '../start/accounts.ts'
import { readJson } from '../start/json-file.ts'
import { createOutput } from '../start/output.ts'
import { tour } from './tour.ts'
import { wire } from './wire.ts'

/** Makes one call of each kind through the edge of the suite that runs here, and shows what passes. */
const directory = join(workspace, '.quartet')
const output = createOutput(process.stdout)

const main = async () => {
  const endpoints = readJson(join(directory, 'endpoints.json')) as Record<string, string> | undefined
  if (!endpoints) throw new Error('Nothing runs here: npm start, in another terminal.')
  const { edge } = endpoints
  if (!edge) throw new Error('There is no Envoy, which npm run try goes through: see what npm start says.')
  const accounts = readJson(accountsFile(directory)) as readonly Account[]
  await tour(wire(output, edge, process.stdout.columns || 120), {
    edge,
    admin: accounts.find(({ role }) => role === 'ADMIN')!,
  })
}

await main().catch((error: unknown) => {
  const text = error instanceof RpcError ? `The call failed: ${error.message}` : (error as Error).message
  console.error(output.paint('red', text))
  process.exitCode = 1
})
