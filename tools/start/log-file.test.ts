import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from './log-file.ts'

test('a log begins anew with each start, and two files bound it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-log-'))
  const path = join(folder, 'user.log')

  const first = openLog(path)
  first.line('of the first start')
  first.close()
  const second = openLog(path)
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('of the first start\n')

  for (let i = 0; i < 25; i++) second.line('x'.repeat(1024 * 1024))
  second.line('the last')
  expect(readFileSync(path, 'utf8')).toMatch(/the last\n$/)
  expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(22 * 1024 * 1024)
  second.close()
  rmSync(folder, { recursive: true })
})
