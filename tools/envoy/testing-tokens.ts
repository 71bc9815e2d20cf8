import { generateKeyPairSync, sign } from 'node:crypto'

/** A signing key of the suite, and tokens made with it. */
export const signingKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' }
  const token = (claims: object = {}, header: object = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const payload = { iss: 'quartet', aud: 'quartet', sub: 'someone', iat: now, exp: now + 60, ...claims }
    const input = `${encode({ alg: 'ES256', kid: 'test', typ: 'JWT', ...header })}.${encode(payload)}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }
  return {
    jwks: { contentType: 'application/json', data: Buffer.from(JSON.stringify({ keys: [jwk] })) },
    token,
  }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
