import { status } from '@grpc/grpc-js'
import {
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type JWTPayload,
} from 'jose'
import { createVerify } from './verify.ts'

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const jwks = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] })
const now = Math.floor(Date.now() / 1000)
const claims = {
  iss: 'quartet',
  aud: 'quartet',
  sub: 'u1',
  role: 'EDITOR',
  sid: 's1',
  iat: now,
  nbf: now,
  exp: now + 60,
}
/** Seconds by which clocks may differ. */
const tolerance = 5
const sign = (changes: JWTPayload = {}, kid = 'k') =>
  new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)

/** Written otherwise where there is a letter that base64url writes otherwise: of a few tokens one has such a letter. */
const asBase64 = async (token: string): Promise<string> =>
  /[-_]/.test(token) ? token.replaceAll('-', '+').replaceAll('_', '/') : asBase64(await sign())

let lookups = 0
const verify = createVerify((...of) => {
  lookups++
  return jwks(...of)
})
const refusal = async (token: string) => {
  try {
    await verify(token)
  } catch (error) {
    return error
  }
}

test('a person, a service', async () => {
  expect(await verify(await sign())).toEqual({
    kind: 'person',
    id: 'u1',
    role: 'EDITOR',
    sessionId: 's1',
    expiresAt: (claims.exp + tolerance) * 1000,
  })
  expect(await verify(await sign({ sub: 'service:order', role: undefined, sid: undefined }))).toMatchObject({
    kind: 'service',
    id: 'order',
  })
})

test('one signature check for a token, however many ask at once, and no promise after it', async () => {
  const token = await sign({ sub: 'u2' })
  lookups = 0
  await Promise.all(Array.from({ length: 20 }, async () => verify(token)))
  expect(lookups).toBe(1)
  expect(verify(token)).toMatchObject({ id: 'u2' })
  expect(lookups).toBe(1)
})

test('the tolerance for clocks holds for a remembered token too, and then it expires all the same', async () => {
  const exp = Math.floor(Date.now() / 1000) - 3
  const token = await sign({ exp })
  expect(await verify(token)).toMatchObject({ id: 'u1' })
  expect(await verify(token)).toMatchObject({ id: 'u1', expiresAt: (exp + tolerance) * 1000 })
  const now = Date.now
  Date.now = () => (exp + tolerance) * 1000
  try {
    expect(await refusal(token)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_EXPIRED' })
  } finally {
    Date.now = now
  }
})

test.each<[string, () => string | Promise<string>]>([
  ['garbage', () => 'garbage'],
  ['another issuer', () => sign({ iss: 'other' })],
  ['another audience', () => sign({ aud: 'other' })],
  ['not yet valid', () => sign({ nbf: now + 60 })],
  ['no expiry', () => sign({ exp: undefined })],
  ['an unknown key', () => sign({}, 'other')],
  ['an unknown role', () => sign({ role: 'OWNER' })],
  ['no session', () => sign({ sid: undefined })],
  ['alg none', () => new UnsecuredJWT(claims).encode()],
  [
    'HS256 signed with the public key',
    async () =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'k' })
        .sign(new TextEncoder().encode(await exportSPKI(publicKey))),
  ],
  [
    'a tampered payload',
    async () => (await sign()).replace(/\.(.)/, (_, first: string) => (first === 'e' ? '.f' : '.e')),
  ],
  ['padding behind it', async () => `${await sign()}==`],
  ['padding within', async () => (await sign()).replace('.', '=.')],
  ['a tab behind it', async () => `${await sign()}\t`],
  ['letters of base64', async () => asBase64(await sign())],
  [
    'bits of its last letter that nobody reads',
    async () => {
      const token = await sign()
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      return token.slice(0, -1) + letters[letters.indexOf(token.at(-1)!) + 1]
    },
  ],
])('%s is refused without saying why', async (_, token) => {
  expect(await refusal(await token())).toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_INVALID',
  })
})

test('a key of ours for another algorithm signs no token', async () => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'k' }).sign(privateKey)
  await expect(createVerify(async () => publicKey)(token)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' })
})

test('expired has a reason of its own: it is worth a refresh', async () => {
  expect(await refusal(await sign({ exp: now - 60 }))).toMatchObject({ reason: 'TOKEN_EXPIRED' })
})

test('keys that cannot be had are UNAVAILABLE, not the caller’s fault, and asked for again', async () => {
  let down = true
  const unsteady = createVerify((...of) => (down ? Promise.reject(new Error('ECONNREFUSED')) : jwks(...of)))
  const token = await sign()
  await expect(unsteady(token)).rejects.toMatchObject({ code: status.UNAVAILABLE })
  down = false
  expect(await unsteady(token)).toMatchObject({ id: 'u1' })
})
