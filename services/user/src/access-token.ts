import { algorithm, audience, issuer } from '@quartet/auth'
import type { Role } from '@quartet/rpc'
import { SignJWT, type CryptoKey } from 'jose'

/** Seconds that an access token is valid. */
export const accessTokenSeconds = 15 * 60

/** The key that signs now. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

/** Signs a person's access token, with the claims that the contract lists. */
export const signAccessToken = (
  { kid, privateKey }: SigningKey,
  { userId, role, sessionId }: { userId: string; role: Role; sessionId: string },
): Promise<string> => {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ role, sid: sessionId })
    .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(userId)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + accessTokenSeconds)
    .sign(privateKey)
}
