import { resourceExhausted } from '@quartet/rpc'

/** Wrong passwords for one account: so many at once, and one more for each of these milliseconds. */
const burst = 10
const refillMs = 30_000
/** Accounts remembered; past it the one that has been left alone the longest is forgotten. */
const maxAccounts = 10_000

export type Attempts = ReturnType<typeof attempts>

/**
 * Limits how often one account's password can be guessed, wherever the guesses come from: what the contract's limits for
 * one address cannot. Each replica counts its own (docs/decisions/guessing-passwords.md). An account that is not there
 * counts like one that is, so that the limit tells nobody which there are.
 */
export const attempts = () => {
  const accounts = new Map<string, { left: number; at: number }>()

  const touch = (email: string) => {
    const key = email.toLowerCase()
    const now = performance.now()
    const { left, at } = accounts.get(key) ?? { left: burst, at: now }
    const account = { left: Math.min(burst, left + (now - at) / refillMs), at: now }
    accounts.delete(key)
    if (account.left < burst) accounts.set(key, account)
    return account
  }

  return {
    /** @throws RpcError RESOURCE_EXHAUSTED TOO_MANY_ATTEMPTS, whether the next password would be right or not. */
    assertLeft(email: string): void {
      const { left } = touch(email)
      if (left < 1) throw resourceExhausted('TOO_MANY_ATTEMPTS', (1 - left) * refillMs)
    },
    /** A password was wrong. */
    failed(email: string): void {
      const account = touch(email)
      account.left = Math.max(0, account.left - 1)
      accounts.set(email.toLowerCase(), account)
      if (accounts.size > maxAccounts) accounts.delete(accounts.keys().next().value!)
    },
    /** A password was right: what went before were mistakes of its owner. */
    succeeded: (email: string): void => void accounts.delete(email.toLowerCase()),
  }
}
