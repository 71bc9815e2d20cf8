import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parts, withPart } from './pages.ts'

test.each(parts.map((part) => [basename(part.file), part.mark, part] as const))(
  '%s has the %s that the code says (npm run docs)',
  async (_name, _mark, { file, mark, make }) => {
    const page = readFileSync(file, 'utf8')
    expect(page).toBe(withPart(page, mark, await make()))
  },
)

test('a page without the marks is an error, not a page that is never written', () => {
  expect(() => withPart('# a page', 'rpc table', '')).toThrow('there is no')
})
