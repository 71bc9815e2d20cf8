import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma's tools would download a schema engine; this one comes from npm. Nothing is reported to anybody.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(
  new URL('../../tools/prisma/schema-engine', import.meta.url),
)
process.env['CHECKPOINT_DISABLE'] ??= '1'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
})
