import { readFileSync } from 'node:fs'
import { credentials } from '@grpc/grpc-js'
import { certificateFiles } from '@quartet/certificates/files'
import type { Account } from '../start/accounts.ts'
import { fillDemo } from './fill.ts'

/**
 * Fills the demo whose services are at `endpoints` (JSON), as the accounts of a file, with the certificate of a folder if
 * one is given. A program of its own because the
 * start outlives the contract that it was started with.
 */
const [, , endpoints, accountsFile, certificates] = process.argv
const fromFolder = (folder: string) => {
  const { authority, key, certificate } = certificateFiles(folder)
  return credentials.createSsl(readFileSync(authority), readFileSync(key), readFileSync(certificate))
}

try {
  await fillDemo({
    endpoints: JSON.parse(endpoints!) as Record<string, string>,
    accounts: JSON.parse(readFileSync(accountsFile!, 'utf8')) as Account[],
    credentials: certificates ? fromFolder(certificates) : undefined,
  })
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
