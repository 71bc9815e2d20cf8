import { readFileSync } from 'node:fs'
import type { Account } from '../start/accounts.ts'
import { fillDemo } from './fill.ts'

/**
 * Fills the demo whose services are at `endpoints` (JSON), as the accounts of a file. A program of its own because the
 * start outlives the contract that it was started with.
 */
const [, , endpoints, accountsFile] = process.argv
try {
  await fillDemo({
    endpoints: JSON.parse(endpoints!) as Record<string, string>,
    accounts: JSON.parse(readFileSync(accountsFile!, 'utf8')) as Account[],
  })
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
