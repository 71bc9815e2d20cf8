import { randomBytes } from 'node:crypto'

/** Someone to sign in as in a demo. */
export interface Account {
  readonly email: string
  readonly password: string
  readonly role: 'ADMIN' | 'EDITOR' | 'VIEWER'
}

/** A demo account of each role, with a password that nobody has had before. */
export const newAccounts = (): readonly Account[] =>
  (['ADMIN', 'EDITOR', 'VIEWER'] as const).map((role) => ({
    email: `${role.toLowerCase()}@quartet.test`,
    // 80 bits of hexadecimal: one double click copies it, and a shell leaves it alone.
    password: randomBytes(10).toString('hex'),
    role,
  }))
