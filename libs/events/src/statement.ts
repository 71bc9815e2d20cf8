import type { RawTransaction } from '@quartet/database'
import type { ClientBase, Pool } from 'pg'

/** A transaction that is open: a connection of `pg`, or what Prisma hands to an interactive transaction. */
export type Transaction = ClientBase | RawTransaction

interface Statement {
  readonly parts: TemplateStringsArray
  readonly values: readonly unknown[]
}

/** A statement and its values, which never become part of its text. */
export const sql = (parts: TemplateStringsArray, ...values: unknown[]): Statement => ({ parts, values })

/** Runs a statement in either kind of transaction, or by itself; returns how many rows it touched. */
export const execute = async (tx: Transaction | Pool, { parts, values }: Statement): Promise<number> => {
  if ('$executeRaw' in tx) return tx.$executeRaw(parts, ...values)
  const text = parts.reduce((text, part, index) => `${text}$${index}${part}`)
  return (await tx.query(text, [...values])).rowCount ?? 0
}
