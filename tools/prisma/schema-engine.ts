import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { version } from '@prisma/schema-engine-wasm'
import { runCommand } from './engine-command.ts'
import { openEngine } from './engine.ts'
import { serve } from './engine-rpc.ts'

/**
 * Speaks the protocol of Prisma's native schema engine, which Prisma would download, on top of the same engine as
 * WebAssembly from npm. So `prisma migrate dev`, `deploy`, `status` and `diff` work without a download.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datasource: { type: 'string' },
    datamodels: { type: 'string', multiple: true },
    version: { type: 'boolean' },
  },
})
const { url, shadowDatabaseUrl } = JSON.parse(`${values.datasource ?? '{}'}`) as {
  url: string
  shadowDatabaseUrl?: string
}

if (values.version) {
  console.log(`schema-engine-wasm ${version()}`)
} else if (positionals[0] === 'cli') {
  await runCommand(positionals[1], url)
} else {
  const schemas = (values.datamodels as string[] | undefined)?.map((file): [string, string] => [
    file,
    readFileSync(file, 'utf8'),
  ])
  await serve(() => openEngine({ url, shadowDatabaseUrl, schemas }), url)
}
