import { join } from 'node:path'
import type { Schema } from '@quartet/service'
import { services } from '../services.ts'

/** A table in Markdown for each service: its environment variables as its own schema (src/config.ts) has them. */
export const configurationTables = async (): Promise<string> => {
  const tables = await Promise.all(
    services().map(async ({ name, folder }) => {
      const { schema } = (await import(join(folder, 'src/config.ts'))) as { schema: Schema }
      return [`## ${name}`, '', '| variable | default | what |', '|---|---|---|', ...rows(schema)].join('\n')
    }),
  )
  return tables.join('\n\n')
}

const rows = (schema: Schema) =>
  Object.entries(schema).map(([name, spec]) => {
    const value = 'default' in spec ? shown(spec.default) : 'required'
    return `| \`${name}\` | ${value} | ${spec.desc} |`
  })

const shown = (value: unknown): string => {
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text ? `\`${text}\`` : ''
}
