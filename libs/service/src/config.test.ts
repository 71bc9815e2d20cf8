import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bool, commonSchema, loadConfig } from './index.ts'

const environment = { DATABASE_URL: 'postgresql://u:secret@127.0.0.1:5432/quartet_user' }

test('defaults are safe, and what is set is of its type', () => {
  expect(
    loadConfig(commonSchema, { ...environment, PORT: '6000', RPC_LIMITS: '{"/a/B": {"perSecond": 1}}' }),
  ).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 6000,
    LOG_LEVEL: 'info',
    RPC_LIMITS: { '/a/B': { perSecond: 1 } },
  })
  expect(
    loadConfig({ ...commonSchema, FLAG: bool({ default: false }) }, { ...environment, FLAG: 'true' }).FLAG,
  ).toBe(true)
})

test('all mistakes at once, in one line, and no value in it', () => {
  const load = () =>
    loadConfig(commonSchema, { PORT: '99999', LOG_LEVEL: 'loud', DATABASE_POOL_SIZE: '-1', RPC_LIMITS: '[]' })
  expect(load).toThrow('DATABASE_URL is missing (')
  for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_POOL_SIZE', 'RPC_LIMITS'])
    expect(load).toThrow(new RegExp(`${name} is not valid \\(`))
  expect(load).toThrow(/^[^\n]*$/)
  expect(load).not.toThrow(/99999|loud/)
})

test.each(['', 'localhost:5432', 'mysql://h/d', 'postgresql://h', 'postgresql:///d'])(
  'a connection string like "%s" is refused without repeating it',
  (url) => {
    const load = () => loadConfig(commonSchema, { DATABASE_URL: url })
    expect(load).toThrow('DATABASE_URL is not valid')
  },
)

test('a secret may stand in a file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'quartet-config-')), 'database-url')
  writeFileSync(file, `${environment.DATABASE_URL}\n`)
  expect(loadConfig(commonSchema, { DATABASE_URL_FILE: file })).toMatchObject(environment)
  expect(loadConfig(commonSchema, { ...environment, DATABASE_URL_FILE: '/nowhere' })).toMatchObject(
    environment,
  )
  expect(() => loadConfig(commonSchema, { DATABASE_URL_FILE: '/nowhere' })).toThrow(
    /^DATABASE_URL_FILE: ENOENT: no such file or directory, open '\/nowhere'/,
  )
})
