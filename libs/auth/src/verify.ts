import { status } from '@grpc/grpc-js'
import { RpcError, roles, type Caller, type Role } from '@quartet/rpc'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import * as errors from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { hash } from 'node:crypto'

export const issuer = 'quartet'
export const audience = 'quartet'
/** The one algorithm: a token that names another, "none" included, is refused before any key is looked at. */
export const algorithm = 'ES256'
/** Seconds by which the clocks of two machines may differ. */
const clockToleranceSeconds = 5
/** Tokens remembered; a forgotten one costs a signature check when it comes again. */
const maxRemembered = 10_000

/** The caller at once where the token was seen before, else a promise. Throws and rejects with an RpcError. */
export type Verify = (token: string) => Caller | Promise<Caller>

/**
 * Verifies access tokens, each of them once: a signature check costs twice as much as a whole small call, so the
 * caller is remembered by the token's hash until the token expires. Callers with the same new token share one check.
 *
 * @param key finds the public key for a token's `kid`; throws a JOSEError when there is none.
 */
export const createVerify = (key: JWTVerifyGetKey): Verify => {
  const remembered = new Map<string, Caller>()
  const underway = new Map<string, Promise<Caller>>()

  const check = async (token: string, digest: string): Promise<Caller> => {
    try {
      assertCanonical(token)
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        issuer,
        audience,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['sub', 'exp', 'iat', 'nbf'],
      })
      const caller = callerOf(payload)
      remembered.set(digest, caller)
      if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value!)
      return caller
    } catch (error) {
      throw refusal(error)
    } finally {
      underway.delete(digest)
    }
  }

  return (token) => {
    // As 32 characters: base64 would take longer than the hash.
    const digest = hash('sha256', token, 'binary')
    const caller = remembered.get(digest)
    if (caller) {
      if (caller.kind === 'anonymous' || caller.expiresAt > Date.now()) return caller
      remembered.delete(digest)
      throw expired()
    }
    let checking = underway.get(digest)
    if (!checking) underway.set(digest, (checking = check(token, digest)))
    return checking
  }
}

/**
 * A token has one spelling. Readers of base64url mostly overlook padding, letters of base64, and bits that are left over, so
 * that many others would be good as well, and each of them be remembered by itself.
 *
 * @throws JWTInvalid (RFC 7515 §2: no padding, no other characters)
 */
const assertCanonical = (token: string): void => {
  for (const part of token.split('.'))
    if (Buffer.from(part, 'base64url').toString('base64url') !== part)
      throw new errors.JWTInvalid('base64url')
}

/** @throws JWTInvalid when a claim is missing or of the wrong kind, though the signature is ours. */
const callerOf = ({ sub = '', exp = 0, role, sid }: JWTPayload): Caller => {
  const expiresAt = (exp + clockToleranceSeconds) * 1000
  const [, service] = /^service:(.+)$/.exec(sub) ?? []
  if (service) return { kind: 'service', id: service, expiresAt }
  if (!roles.includes(role as Role) || typeof sid !== 'string') throw new errors.JWTInvalid('role or sid')
  return { kind: 'person', id: sub, role: role as Role, sessionId: sid, expiresAt }
}

const expired = () => new RpcError(status.UNAUTHENTICATED, 'TOKEN_EXPIRED')

const refusal = (error: unknown): RpcError => {
  if (error instanceof errors.JWTExpired) return expired()
  // Says no more than that: which part of it was wrong helps only whoever made it up.
  if (error instanceof errors.JOSEError) return new RpcError(status.UNAUTHENTICATED, 'TOKEN_INVALID')
  return new RpcError(status.UNAVAILABLE, 'SIGNING_KEYS_UNAVAILABLE', {}, { cause: error })
}
