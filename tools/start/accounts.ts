import { join } from 'node:path'
import { newAccounts, type Account } from '../container/demo-accounts.ts'
import { readJson, writeJson } from './json-file.ts'

export type { Account }

export const accountsFile = (directory: string) => join(directory, 'demo-accounts.json')

/**
 * The demo accounts of a data folder. Their passwords are made by the first start in it and are nowhere but in
 * this file, which only its owner may read; the user service creates the accounts from it.
 */
export const demoAccounts = (directory: string): readonly Account[] => {
  const file = accountsFile(directory)
  const known = readJson(file)
  if (known !== undefined) return known as Account[]
  const accounts = newAccounts()
  writeJson(file, accounts, 0o600)
  return accounts
}
