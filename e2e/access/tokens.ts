import { hkdfSync, type KeyObject } from 'node:crypto'
import {
  compactDecrypt,
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose'

/** The key that the suite signs with, taken from its database with its secret, as only its owner can. */
export const openSigningKey = async (sealed: string, secret: string): Promise<JWK> => {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'quartet signing keys', 32))
  const { plaintext } = await compactDecrypt(sealed, key)
  return JSON.parse(new TextDecoder().decode(plaintext)) as JWK
}

/**
 * What must open nothing, by what is wrong with it. All of them claim to be an administrator, and but for the one thing
 * they are what the suite itself would have signed.
 */
export const badTokens = async (good: string, jwk: JWK): Promise<Record<string, string>> => {
  const { kid = '' } = decodeProtectedHeader(good)
  const claims = decodeJwt(good)
  const { d: _, ...publicJwk } = jwk
  const privateKey = (await importJWK(jwk, 'ES256')) as CryptoKey
  const publicKey = (await importJWK({ ...publicJwk, ext: true }, 'ES256')) as CryptoKey
  const stranger = (await generateKeyPair('ES256')).privateKey
  const sign = (changes: JWTPayload, key: CryptoKey | KeyObject = privateKey, header = {}) =>
    new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT', ...header })
      .sign(key)
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const promoted = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody' })).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return {
    garbage: 'garbage',
    expired: await sign({ iat: now - 1000, nbf: now - 1000, exp: now - 100 }),
    'not yet valid': await sign({ nbf: now + 600, exp: now + 1200 }),
    'of another issuer': await sign({ iss: 'somebody' }),
    'for another audience': await sign({ aud: 'somebody' }),
    'without an end': await sign({ exp: undefined }),
    'signed with nothing': new UnsecuredJWT(claims).encode(),
    'signed with nothing, under our header': `${header}.${payload}.`,
    'signed with the public key as a secret': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(new TextEncoder().encode(await exportSPKI(publicKey))),
    'of an unknown key': await sign({}, stranger, { kid: 'unknown' }),
    'of another key under our name': await sign({}, stranger),
    'with padding behind it': `${good}==`,
    changed: `${header}.${promoted}.${signature}`,
  }
}
