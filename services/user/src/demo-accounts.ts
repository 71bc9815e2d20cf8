import { readFile } from 'node:fs/promises'
import { roles, type Role } from '@quartet/rpc'
import { hashPassword, verifyPassword } from './password.ts'
import type { UserRepository } from './user-repository.ts'

interface Account {
  readonly email: string
  readonly password: string
  readonly role: Role
}

/**
 * Makes sure that each account of the file can sign in with its password and has its role. The file is the truth:
 * where it was made anew, the accounts follow.
 *
 * @throws Error with one line when the file cannot be read or is not such a list.
 */
export const ensureDemoAccounts = async (file: string, users: UserRepository): Promise<void> => {
  for (const { email, password, role } of await readAccounts(file)) {
    const found = await users.findByEmail(email)
    if (found?.user.role === role && (await verifyPassword(password, async () => found.passwordHash)))
      continue
    const passwordHash = await hashPassword(password)
    if (found) await users.update(found.user.id, () => ({ passwordHash, role }), aMinute())
    else await users.create({ ...blank, name: nameOf(role), email, role, passwordHash })
  }
}

const aMinute = () => ({ signal: AbortSignal.timeout(60_000), deadline: Date.now() + 60_000 })

const blank = {
  age: null,
  plan: 'FREE',
  status: 'ACTIVE',
  tags: ['demo'],
  metadata: {},
  address: null,
} as const

const nameOf = (role: Role) => `Demo ${role.toLowerCase()}`

const readAccounts = async (file: string): Promise<Account[]> => {
  try {
    const accounts = JSON.parse(await readFile(file, 'utf8')) as Account[]
    if (accounts.every(isAccount)) return accounts
  } catch (cause) {
    throw new Error(
      `QUARTET_DEMO_ACCOUNTS: cannot read ${file || 'it, no path is given'}: ${(cause as Error).message}`,
      { cause },
    )
  }
  throw new Error(`QUARTET_DEMO_ACCOUNTS: ${file} is not a list of {"email", "password", "role"}`)
}

const isAccount = (account: Partial<Account>) =>
  typeof account.email === 'string' && typeof account.password === 'string' && roles.includes(account.role!)
