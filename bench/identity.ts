import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** The contract's issuer, for as long as a bench runs: one signing key and one token, that of an administrator. */
const { privateKey, publicKey } = await generateKeyPair('ES256')

/** As JSON, the way a service finds them (RFC 7517). */
export const publicKeys = JSON.stringify({
  keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256' }],
})

const now = Math.floor(Date.now() / 1000)

/** Every call to every server carries it: its length is part of what a call costs. */
export const token = await new SignJWT({
  iss: 'quartet',
  aud: 'quartet',
  sub: '0190f3a2-7c1e-7b8a-9d2f-000000000001',
  role: 'ADMIN',
  sid: '0190f3a2-7c1e-7b8a-9d2f-000000000002',
  iat: now,
  nbf: now,
  exp: now + 3600,
})
  .setProtectedHeader({ alg: 'ES256', kid: 'bench' })
  .sign(privateKey)
