import { algorithm, audience, createVerify, issuer, type Verify } from '@quartet/auth'
import type { Role } from '@quartet/rpc'
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose'
import { randomUUID } from 'node:crypto'

export interface TestIdentity {
  readonly verify: Verify
  /** What verifies them, as GetJwks has it. */
  readonly jwks: JSONWebKeySet
  /** A valid access token of a person, unless `claims` or `header` make it another. */
  token(claims?: JWTPayload & { role?: Role }, header?: Record<string, unknown>): Promise<string>
}

/** An issuer of its own for a test: tokens like the user service's, signed with a key that lives as long as the test. */
export const testIdentity = async (): Promise<TestIdentity> => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: algorithm }] }
  return {
    verify: createVerify(createLocalJWKSet(jwks)),
    jwks,
    token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const defaults = {
        sub: randomUUID(),
        role: 'VIEWER',
        sid: randomUUID(),
        iat: now,
        nbf: now,
        exp: now + 900,
      }
      return new SignJWT({ iss: issuer, aud: audience, ...defaults, ...claims })
        .setProtectedHeader({ alg: algorithm, kid: 'test', ...header })
        .sign(privateKey)
    },
  }
}
