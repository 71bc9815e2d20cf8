import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readJson, writeJson } from './json-file.ts'

/** Someone to sign in as in a demo. */
export interface Account {
  readonly email: string
  readonly password: string
  readonly role: 'ADMIN' | 'EDITOR' | 'VIEWER'
}

export const accountsFile = (directory: string) => join(directory, 'demo-accounts.json')

/**
 * The demo accounts of a data folder. Their passwords are made by the first start in it and are nowhere but in
 * this file, which only its owner may read; the user service creates the accounts from it.
 */
export const demoAccounts = (directory: string): readonly Account[] => {
  const file = accountsFile(directory)
  const known = readJson(file)
  if (known !== undefined) return known as Account[]
  const accounts = (['ADMIN', 'EDITOR', 'VIEWER'] as const).map((role) => ({
    email: `${role.toLowerCase()}@quartet.test`,
    // 80 bits of hexadecimal: one double click copies it, and a shell leaves it alone.
    password: randomBytes(10).toString('hex'),
    role,
  }))
  writeJson(file, accounts, 0o600)
  return accounts
}
