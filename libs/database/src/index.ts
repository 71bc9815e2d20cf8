export { assertMigrated } from './assert-migrated.ts'
export { noLimit, type Wait } from './cancel.ts'
export { cancellableTransaction } from './cancellable-transaction.ts'
export { cancellable } from './cancellable.ts'
export { explainConnectionError } from './connection-error.ts'
export {
  isCancelled,
  isCheckViolation,
  isConnectionFailure,
  isSchemaBehind,
  isUniqueViolation,
} from './errors.ts'
export { gather } from './gather.ts'
export {
  once,
  recall,
  sweepIdempotencyKeys,
  type Attempt,
  type Codec,
  type Outcome,
  type RawTransaction,
} from './idempotency.ts'
export { inTransaction } from './in-transaction.ts'
export { migrate, type MigrateOptions } from './migrate.ts'
export { readMigrations, type Migration } from './migrations.ts'
export { createPool, ping, prismaOptions, type PoolConfig } from './pool.ts'
export { untilMigrated } from './until-migrated.ts'
