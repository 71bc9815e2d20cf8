import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import { AuthService } from '@quartet/proto/auth'
import { testServer } from '@quartet/testing'
import { createApp } from './app.ts'
import { keySealing } from './key-sealing.ts'
import { testFoundation } from './testing/foundation.ts'

const foundation = await testFoundation()
const secret = 's'.repeat(40)
const app = await createApp(foundation, { sealing: keySealing([secret]) })
const server = await testServer(app.implementations, app.verify)
const directory = mkdtempSync(join(tmpdir(), 'quartet-commands-'))
const secretFile = join(directory, 'key-secret')
writeFileSync(secretFile, secret)
afterAll(async () => {
  server.close()
  rmSync(directory, { recursive: true })
  await foundation.drop()
})

/** Runs a command as an operator does, with these lines as its input. */
const command = async (
  file: string,
  args: string[],
  { input = '', ...variables }: { input?: string; [name: string]: string | undefined } = {},
) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    env: { PATH: process.env['PATH'], DATABASE_URL: foundation.url, ...variables },
  })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ])
  return { code, stdout, stderr }
}

describe('admin:create', () => {
  const create = (...given: Parameters<typeof command> extends [string, ...infer Rest] ? Rest : never) =>
    command('create-admin.ts', ...given)
  const password = 'a password of hers'

  test('makes an administrator who can sign in, and one of an address', async () => {
    const args = ['--email', 'ada@example.org', '--name', 'Ada']
    const first = await create(args, { input: `${password}\n` })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^ada@example.org is an administrator, with the id [\w-]{36}\.\n$/)
    const { user } = await server.client(AuthService).signIn({ email: 'ada@example.org', password })
    expect(user).toMatchObject({ name: 'Ada', role: 'USER_ROLE_ADMIN' })
    expect(await create(args, { ADMIN_PASSWORD: password })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'admin:create: ada@example.org is the address of an account that exists already\n',
    })
  })

  test('asks for what is not given', async () => {
    const { code } = await create([], { input: `eve@example.org\nEve\n${password}\n` })
    expect(code).toBe(0)
    await server.client(AuthService).signIn({ email: 'eve@example.org', password })
  })

  test.each([
    [['--email', 'x'], { input: `Eve\n${password}\n` }, 'email: must be a valid email address'],
    [
      ['--email', 'e@example.org', '--name', 'E'],
      { ADMIN_PASSWORD: 'short' },
      'password: must be at least 8',
    ],
    [['--email', 'e@example.org', '--name', 'E'], {}, 'Password is missing'],
    [['--mail', 'e@example.org'], {}, "Unknown option '--mail'. Usage: npm run admin:create"],
    [[], { DATABASE_URL: undefined }, 'DATABASE_URL is missing'],
  ])('%j %j: one line that says what is wrong', async (args, variables, problem) => {
    const { code, stdout, stderr } = await create(args, variables)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^admin:create: [^\n]*\n$/)
    expect(stderr).toContain(problem)
  })
})

describe('keys:rotate', () => {
  const rotate = (args: string[], variables = {}) => command('rotate-keys.ts', args, variables)
  const keys = async () => (await foundation.pool.query('select kid from signing_keys')).rows

  test('publishes the next key; at once replaces all', async () => {
    const next = await rotate([], { QUARTET_KEY_SECRET_FILE: secretFile })
    expect(next.stdout).toMatch(/^The next key is published, and signs from \S+Z on\.\n$/)
    expect(await keys()).toHaveLength(2)
    const now = await rotate(['--now'], { QUARTET_KEY_SECRET_FILE: secretFile })
    expect(now.stdout).toBe('The new key signs from now on, and no other is accepted.\n')
    expect(await keys()).toHaveLength(1)
  })

  test.each([
    ['no secret', {}, 'QUARTET_KEY_SECRET_FILE is missing'],
    [
      'no such file',
      { QUARTET_KEY_SECRET_FILE: '/nowhere' },
      'the secret in /nowhere cannot be read (ENOENT)',
    ],
  ])('%s: one line', async (_, variables, problem) => {
    const { code, stderr } = await rotate([], variables)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^keys:rotate: [^\n]*\n$/)
    expect(stderr).toContain(problem)
  })
})
