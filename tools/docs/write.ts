import { readFileSync, writeFileSync } from 'node:fs'
import { parts, withPart } from './pages.ts'

for (const { file, mark, make } of parts)
  writeFileSync(file, withPart(readFileSync(file, 'utf8'), mark, await make()))
