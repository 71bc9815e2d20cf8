import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata, status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { createClient, RpcError } from '@quartet/rpc'
import { serviceIdentity } from './service-identity.ts'
import { serveAuth, silentPeer, untilItWorks } from './testing/issuer.ts'

const directory = mkdtempSync(join(tmpdir(), 'quartet-secret-'))
afterAll(() => rmSync(directory, { recursive: true }))
const secret = 's'.repeat(32)
const closing: { close(): void }[] = []
afterEach(() => closing.splice(0).forEach((one) => one.close()))

/** A user service that signs the service in as `signIn` says, and a client that calls it as the service. */
const asService = async (signIn: (secret: string) => Promise<string>) => {
  const signIns: string[] = []
  const authorizations: string[] = []
  const secretFile = join(directory, `${Math.random()}`)
  writeFileSync(secretFile, `${secret}\n`)
  const served = await serveAuth({
    async issueServiceToken({ clientSecret }) {
      signIns.push(clientSecret)
      return { accessToken: await signIn(clientSecret), expiresIn: { seconds: 900 } }
    },
    async signOut(_, { metadata }) {
      authorizations.push(metadata.get('authorization').join())
      if (authorizations.at(-1) === 'Bearer revoked')
        throw new RpcError(status.UNAUTHENTICATED, 'TOKEN_INVALID')
      return {}
    },
  })
  const errors: unknown[] = []
  const identity = serviceIdentity(served.client, {
    name: 'order',
    secretFile,
    onError: (error) => errors.push(error),
  })
  const client = createClient(AuthService, { target: served.target, interceptors: [identity] })
  closing.push(identity, client, served)
  const call = (metadata?: Metadata) => client.signOut({ refreshToken: 'x' }, { metadata })
  return { ...served, call, signIns, authorizations, errors, secretFile }
}

test('calls wait for the first sign-in, which is one for all of them', async () => {
  let signedIn: (token: string) => void
  const { call, signIns, authorizations } = await asService(
    () => new Promise((resolve) => (signedIn = resolve)),
  )
  const calls = Array.from({ length: 10 }, () => call())
  while (signIns.length === 0) await new Promise(setImmediate)
  signedIn!('token')
  await Promise.all(calls)
  expect(authorizations).toEqual(calls.map(() => 'Bearer token'))
  expect(signIns).toEqual([secret])
})

test('a call that brings an authorization keeps it', async () => {
  const { call, authorizations } = await asService(async () => 'token')
  const metadata = new Metadata()
  metadata.set('authorization', 'Bearer own')
  await call(metadata)
  expect(authorizations).toEqual(['Bearer own'])
})

test.each<[string, (error: RpcError) => Promise<string>]>([
  ['refuses', (error) => Promise.reject(error)],
  ['fails', () => Promise.reject(new Error('out of order'))],
])('a user service that %s makes calls UNAVAILABLE, and none goes without a token', async (_, signIn) => {
  const refusal = new RpcError(status.UNAUTHENTICATED, 'INVALID_CREDENTIALS')
  const { call, authorizations, errors } = await asService(() => signIn(refusal))
  await expect(call()).rejects.toMatchObject({ code: status.UNAVAILABLE, reason: 'SERVICE_SIGN_IN_FAILED' })
  expect(authorizations).toEqual([])
  expect(errors).toHaveLength(1)
})

test('a token that is refused is replaced, with the secret that is in the file by then', async () => {
  const { call, authorizations, secretFile, signIns } = await asService(async (given) =>
    given === secret ? 'revoked' : 'new',
  )
  writeFileSync(secretFile, `${'n'.repeat(40)}\n${secret}\n`)
  await untilItWorks(call)
  expect(authorizations.at(-1)).toBe('Bearer new')
  expect(signIns.at(-1)).toBe('n'.repeat(40))
})

test('a missing secret, or one that is too short, is said in one line that does not hold it', async () => {
  const { errors, call, secretFile } = await asService(async () => 'token')
  await call()
  expect(errors).toEqual([])
  writeFileSync(secretFile, 'short\n')
  for (const file of [secretFile, join(directory, 'none')]) {
    const told: unknown[] = []
    const { client } = await serveAuth({})
    const identity = serviceIdentity(client, {
      name: 'order',
      secretFile: file,
      onError: (e) => told.push(e),
    })
    closing.push(identity, client)
    while (told.length === 0) await new Promise(setImmediate)
    expect(String(told[0])).toMatch(/^Error: .*secret in .*(cannot be read|fewer than 32)[^\n]*$/)
    expect(String(told[0])).not.toContain('short\n')
  }
})

test('a sign-in that is not answered ends before the calls that wait for it', async () => {
  const silent = await silentPeer()
  const secretFile = join(directory, 'silent')
  writeFileSync(secretFile, secret)
  const identity = serviceIdentity(silent.client, { name: 'order', secretFile, onError: () => {} })
  closing.push(identity, silent)
  while (silent.timeoutsMs.length === 0) await new Promise(setImmediate)
  // The contract leaves it five seconds.
  expect(silent.timeoutsMs[0]).toBeLessThanOrEqual(3_000)
})
