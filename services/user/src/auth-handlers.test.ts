import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import type { RpcError } from '@quartet/rpc'
import { failure, testServer } from '@quartet/testing'
import { createApp } from './app.ts'
import { testFoundation } from './testing/foundation.ts'

const foundation = await testFoundation()
const app = await createApp(foundation)
// All calls of this file come from one address.
const limits = Object.fromEntries(AuthService.methods.map(({ path }) => [path, { perSecond: 0 }]))
const { interceptors } = app
const server = await testServer(app.implementations, app.verify, { limits, interceptors })
afterAll(async () => {
  server.close()
  await foundation.drop()
})

const auth = server.client(AuthService)
const password = 'correct horse battery'
const signUp = async () => {
  const email = `${randomUUID()}@Example.org`
  return { email, ...(await auth.signUp({ email, password, name: 'Ada' })) }
}

test('whoever signs up is a viewer and signed in', async () => {
  const { user, tokens } = await signUp()
  expect(user).toMatchObject({ role: 'USER_ROLE_VIEWER' })
  expect(tokens).toMatchObject({ expiresIn: { seconds: '900' } })
  const users = server.client(UserService, tokens!.accessToken)
  expect(await users.getUser({ userId: user!.id })).toEqual({ user })
})

test('an address signs up once, and signs in whatever its case', async () => {
  const { email } = await signUp()
  expect(await failure(auth.signUp({ email: email.toUpperCase(), password, name: 'Eve' }))).toMatchObject({
    reason: 'EMAIL_TAKEN',
  })
  await auth.signIn({ email: email.toUpperCase(), password })
})

test('a wrong password and an unknown address get the same answer', async () => {
  const { email } = await signUp()
  const answerTo = async (credentials: { email: string; password: string }) => {
    const { code, reason, message, metadata } = (await failure(auth.signIn(credentials))) as RpcError
    return { code, reason, message, metadata }
  }
  const wrong = await answerTo({ email, password: 'wrong' })
  expect(wrong).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'INVALID_CREDENTIALS' })
  expect(await answerTo({ email: `${randomUUID()}@example.org`, password })).toEqual(wrong)
})

test('a refresh token is good once; used again it ends the sign-in', async () => {
  const { tokens } = await signUp()
  const next = await auth.refreshToken({ refreshToken: tokens!.refreshToken })
  expect(next.tokens!.refreshToken).not.toBe(tokens!.refreshToken)
  expect(await failure(auth.refreshToken({ refreshToken: tokens!.refreshToken }))).toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'REFRESH_TOKEN_REUSED',
  })
  expect(await failure(auth.refreshToken({ refreshToken: next.tokens!.refreshToken }))).toMatchObject({
    reason: 'REFRESH_TOKEN_INVALID',
  })
})

test('of ten refreshes at once with one token, one at most succeeds', async () => {
  const { tokens } = await signUp()
  const refreshed = await Promise.all(
    Array.from({ length: 10 }, () => failure(auth.refreshToken({ refreshToken: tokens!.refreshToken }))),
  )
  expect(refreshed.filter((error) => error === undefined).length).toBeLessThanOrEqual(1)
})

test('after signing out the refresh token is void; signing out again is fine', async () => {
  const { tokens } = await signUp()
  const { refreshToken } = tokens!
  await auth.signOut({ refreshToken })
  await auth.signOut({ refreshToken })
  expect(await failure(auth.refreshToken({ refreshToken }))).toMatchObject({
    reason: 'REFRESH_TOKEN_INVALID',
  })
})

test('who is suspended neither signs in nor refreshes, nor goes on where they were once they are back', async () => {
  const { email, tokens, user } = await signUp()
  const setStatus = (status: string) =>
    foundation.pool.query(`update users set status = $2::user_status where id = $1`, [user!.id, status])
  const refresh = () => failure(auth.refreshToken({ refreshToken: tokens!.refreshToken }))
  await setStatus('SUSPENDED')
  expect(await failure(auth.signIn({ email, password }))).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
  const change = server.client(AuthService, tokens!.accessToken).changePassword
  expect(
    await failure(change({ currentPassword: password, newPassword: 'wrong horse battery' })),
  ).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
  expect(await refresh()).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
  await setStatus('ACTIVE')
  expect(await refresh()).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
  await auth.signIn({ email, password })
})

test('who was deleted does not refresh', async () => {
  const { tokens, user } = await signUp()
  await foundation.pool.query('delete from users where id = $1', [user!.id])
  expect(await failure(auth.refreshToken({ refreshToken: tokens!.refreshToken }))).toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'REFRESH_TOKEN_INVALID',
  })
})

test('a session is not started by a password that was changed since it was checked', async () => {
  const { user, email } = await signUp()
  const { passwordHash } = (await app.users.findByEmail(email))!
  await foundation.pool.query(`update users set password_hash = 'other' where id = $1`, [user!.id])
  expect(await app.sessions.start(user!.id, passwordHash!)).toBeUndefined()
})

describe('ChangePassword', () => {
  const newPassword = 'wrong horse battery'
  const change = (accessToken: string, currentPassword = password) =>
    server.client(AuthService, accessToken).changePassword({ currentPassword, newPassword })

  test('the new password holds, and of all sign-ins only the new one goes on', async () => {
    const { email, tokens } = await signUp()
    const other = await auth.signIn({ email, password })
    const changed = await change(tokens!.accessToken)
    for (const ended of [tokens, other.tokens])
      expect(await failure(auth.refreshToken({ refreshToken: ended!.refreshToken }))).toMatchObject({
        reason: 'REFRESH_TOKEN_INVALID',
      })
    await auth.refreshToken({ refreshToken: changed.tokens!.refreshToken })
    expect(await failure(auth.signIn({ email, password }))).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
    await auth.signIn({ email, password: newPassword })
  })

  test('a wrong password changes nothing', async () => {
    const { email, tokens } = await signUp()
    expect(await failure(change(tokens!.accessToken, 'wrong'))).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'INVALID_CREDENTIALS',
    })
    await auth.signIn({ email, password })
    await auth.refreshToken({ refreshToken: tokens!.refreshToken })
  })

  test('of two at once one is done', async () => {
    const { tokens } = await signUp()
    const outcomes = await Promise.all([1, 2].map(() => failure(change(tokens!.accessToken))))
    expect(outcomes.filter((error) => error === undefined)).toHaveLength(1)
  })
})

test('one address may not try accounts more often than the contract says, however many', async () => {
  const limited = await testServer(app.implementations, app.verify)
  const tries = Array.from({ length: 60 }, () =>
    failure(limited.client(AuthService).signIn({ email: `${randomUUID()}@example.org`, password })),
  )
  const refusals = await Promise.all(tries)
  limited.close()
  expect(refusals).toContainEqual(
    expect.objectContaining({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' }),
  )
})

test('whoever comes behind a hundred others is told to come again, before anybody reads what they sent', async () => {
  const gone = new AbortController()
  const tries = Array.from({ length: 120 }, () =>
    failure(auth.signIn({ email: `${randomUUID()}@example.org`, password }, { signal: gone.signal })),
  )
  const all = Promise.all(tries)
  let over = false
  void all.then(() => (over = true))
  const refused = () =>
    server.logs.some(({ code, received }) => code === 'RESOURCE_EXHAUSTED' && received === 0)
  while (!refused() && !over) await new Promise(setImmediate)
  gone.abort()
  await all
  expect(refused()).toBe(true)
  await signUp()
})

describe('guessing', () => {
  const guess = (email: string, password = 'wrong') => failure(auth.signIn({ email, password }))

  test.each([
    ['an account', async () => (await signUp()).email],
    ['an address without one', async () => `${randomUUID()}@example.org`],
  ])('%s takes ten wrong passwords, then not even the right one for a while', async (_, address) => {
    const email = await address()
    const answers = await Promise.all(Array.from({ length: 15 }, () => guess(email)))
    expect(answers.filter((error) => (error as RpcError).reason === 'INVALID_CREDENTIALS')).toHaveLength(10)
    const refused = (await guess(email.toUpperCase(), password)) as RpcError
    expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'TOO_MANY_ATTEMPTS' })
    expect(refused.details).toMatchObject([{ message: { retryDelay: { seconds: expect.anything() } } }])
  })

  test('the right password forgives the wrong ones before it', async () => {
    const { email } = await signUp()
    for (let i = 0; i < 18; i++) {
      expect(await guess(email)).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
      if (i % 9 === 8) await auth.signIn({ email, password })
    }
  })
})

test('sessions that nobody continues are forgotten', async () => {
  const [old, young] = [await signUp(), await signUp()]
  await foundation.pool.query(
    `update refresh_tokens set expires_at = now() - interval '1 second'
     where session_id in (select id from sessions where user_id = $1)`,
    [old.user!.id],
  )
  await foundation.pool.query(
    `update sessions set created_at = now() - interval '31 days' where user_id = $1`,
    [old.user!.id],
  )
  await app.sessions.sweep()
  const { rows } = await foundation.pool.query('select user_id from sessions where user_id = any($1)', [
    [old.user!.id, young.user!.id],
  ])
  expect(rows).toEqual([{ user_id: young.user!.id }])
})

test('a refresh token that nobody used in time is void', async () => {
  const { tokens, user } = await signUp()
  await foundation.pool.query(
    `update refresh_tokens set expires_at = now() - interval '1 second'
     where session_id in (select id from sessions where user_id = $1)`,
    [user!.id],
  )
  expect(await failure(auth.refreshToken({ refreshToken: tokens!.refreshToken }))).toMatchObject({
    reason: 'REFRESH_TOKEN_INVALID',
  })
})

test('the published keys verify the tokens, and hold nothing private', async () => {
  const { contentType, data } = await auth.getJwks({})
  expect(contentType).toBe('application/jwk-set+json')
  const { keys } = JSON.parse(data.toString())
  expect(keys).toHaveLength(1)
  expect(Object.keys(keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

test('two replicas on one database share the key', async () => {
  const other = await createApp(foundation)
  const { tokens } = await signUp()
  expect(await other.verify(tokens!.accessToken)).toMatchObject({ kind: 'person' })
})

test('nothing secret is logged', async () => {
  const { tokens } = await signUp()
  const logs = JSON.stringify(server.logs)
  for (const secret of [password, tokens!.accessToken, tokens!.refreshToken, 'argon2'])
    expect(logs).not.toContain(secret)
})

describe('IssueServiceToken', () => {
  const serviceSecretsDir = mkdtempSync(join(tmpdir(), 'quartet-secrets-'))
  const secret = randomUUID() + randomUUID()
  const write = (service: string, ...secrets: string[]) =>
    writeFileSync(join(serviceSecretsDir, service), `${secrets.join('\n')}\n`)
  write('order', secret)
  write('chat', randomUUID())
  let services: Awaited<ReturnType<typeof testServer>>
  const signIn = (clientId: string, clientSecret: string) =>
    services.client(AuthService).issueServiceToken({ clientId, clientSecret })
  beforeAll(async () => {
    const { implementations, verify } = await createApp(foundation, { serviceSecretsDir })
    services = await testServer(implementations, verify)
  })
  afterAll(() => {
    services.close()
    rmSync(serviceSecretsDir, { recursive: true })
  })

  test('a service gets a token of 15 minutes that is its own', async () => {
    const { accessToken, expiresIn } = await signIn('order', secret)
    expect(expiresIn).toMatchObject({ seconds: '900' })
    expect(await app.verify(accessToken)).toMatchObject({ kind: 'service', id: 'order' })
  })

  test.each([
    ['another secret', 'order', randomUUID()],
    ['the secret of another service', 'chat', secret],
    ['no such service', 'nobody', secret],
    ['part of the secret', 'order', secret.slice(0, -1)],
  ])('%s: the same answer', async (_, service, given) => {
    expect(await failure(signIn(service, given))).toMatchObject({
      code: status.UNAUTHENTICATED,
      reason: 'INVALID_CREDENTIALS',
      message: 'invalid credentials',
      metadata: {},
    })
  })

  test('a new secret is good at once, beside the old one until that is taken out', async () => {
    const next = randomUUID()
    write('order', next, secret)
    await signIn('order', next)
    await signIn('order', secret)
    write('order', next)
    expect(await failure(signIn('order', secret))).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
    write('order', secret)
  })

  test('without a folder no service signs in; a folder that is not there is no start', async () => {
    const alone = server.client(AuthService).issueServiceToken({ clientId: 'order', clientSecret: secret })
    expect(await failure(alone)).toMatchObject({ reason: 'INVALID_CREDENTIALS' })
    await expect(createApp(foundation, { serviceSecretsDir: '/nowhere' })).rejects.toThrow(
      /^the folder \/nowhere .*ENOENT.*$/,
    )
  })
})
