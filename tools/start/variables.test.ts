import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readVariables, removeVariables, writeVariables } from './variables.ts'

test('what a service was started with is there for commands while it runs, and for its owner alone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quartet-variables-'))
  try {
    expect(readVariables(directory, 'user')).toBeUndefined()
    const without = { PATH: '/bin', LOG_LEVEL: 'info' }
    const environment = { ...without, LOG_LEVEL: 'debug', DATABASE_URL: 'postgresql://u:p%23"@h/d' }
    writeVariables(directory, 'user', { environment, without })
    expect(readVariables(directory, 'user')).toEqual({
      LOG_LEVEL: 'debug',
      DATABASE_URL: environment.DATABASE_URL,
    })
    expect(statSync(join(directory, 'env/user')).mode & 0o777).toBe(0o600)
    removeVariables(directory)
    expect(readVariables(directory, 'user')).toBeUndefined()
  } finally {
    rmSync(directory, { recursive: true })
  }
})
