import { readFileSync } from 'node:fs'
import type { Account } from './demo-accounts.ts'

// Prints who can sign in, from the file given.
const accounts = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Account[]
for (const { email, password } of accounts) console.log(`${email.padEnd(22)}${password}`)
