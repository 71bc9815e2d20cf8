import type { ClientBase, Pool } from 'pg'

/** A row of `_prisma_migrations`, the table in which Prisma's tools record what they applied. */
export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
  /** Null: it began, and failed or was cut off. */
  readonly finishedAt: Date | null
}

/** As Prisma's schema engine makes it, column by column. */
export const createHistory = `
  create table if not exists _prisma_migrations (
    id varchar(36) primary key not null,
    checksum varchar(64) not null,
    finished_at timestamptz,
    migration_name varchar(255) not null,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`

/** What was applied, by name. Attempts that `prisma migrate resolve --rolled-back` took out of the way do not count. */
export const readHistory = async (db: Pool | ClientBase): Promise<Map<string, AppliedMigration>> => {
  const { rows } = await db.query<AppliedMigration>(
    `select migration_name as name, checksum, finished_at as "finishedAt"
     from _prisma_migrations where rolled_back_at is null order by started_at`,
  )
  return new Map(rows.map((row) => [row.name, row]))
}

/** @throws one line when a migration of the history began and did not finish. */
export const assertNoneFailed = (history: Map<string, AppliedMigration>): void => {
  const failed = history.values().find(({ finishedAt }) => !finishedAt)
  if (!failed) return
  throw new Error(
    `The migration ${failed.name} failed before it was through: repair what it left, then say so with "prisma migrate resolve".`,
  )
}
