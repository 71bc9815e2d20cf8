import { createPool, migrate, untilMigrated } from '@quartet/database'
import { commonSchema, loadConfig } from './config.ts'
import { run } from './run.ts'

/**
 * The process of a service's `migrate.ts`, which ends when its work is done:
 *
 * - `node src/migrate.ts` brings the database up to the service's schema: before the service starts, any number at once;
 * - `node src/migrate.ts wait` changes nothing and waits until somebody else has.
 *
 * @param migrations the service's `prisma/migrations`.
 */
export const runMigration = ({ name, migrations }: { name: string; migrations: string }): void =>
  run(`${name} migrate`, async () => {
    const { DATABASE_URL: url } = loadConfig({ DATABASE_URL: commonSchema.DATABASE_URL }, process.env)
    const log = (line: string) => console.log(line)
    if (process.argv[2] === 'wait') {
      await untilMigrated(createPool({ url, name, max: 1, onError: () => {} }), migrations, log)
    } else {
      await migrate({ url, directory: migrations, log })
    }
    process.exit(0)
  })
