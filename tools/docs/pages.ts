import { join } from 'node:path'
import { workspace } from '../services.ts'
import { callExamples } from './call-examples.ts'
import { configurationTables } from './configuration.ts'
import { rpcTable } from './rpc-table.ts'

/** The parts of the documentation that follow from the code, each between two marks in a page written by hand. */
export const parts = [
  { file: join(workspace, 'README.md'), mark: 'rpc table', make: rpcTable },
  { file: join(workspace, 'docs/configuration.md'), mark: 'variables', make: configurationTables },
  { file: join(workspace, 'docs/examples.md'), mark: 'examples', make: callExamples },
]

/** `page` with `content` between the marks. Throws when the page has no such marks. */
export const withPart = (page: string, mark: string, content: string): string => {
  const [begin, end] = [`<!-- ${mark}: npm run docs -->`, `<!-- end of ${mark} -->`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no ${begin} … ${end} in the page`)
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`
}
