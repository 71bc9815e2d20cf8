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

/** Who a token is for: a person in one of their sign-ins, or a service. */
export type Subject =
  | { readonly userId: string; readonly role: Role; readonly sessionId: string }
  | { readonly service: string }

/** Signs an access token, with the claims that the contract lists. */
export const signAccessToken = ({ kid, privateKey }: SigningKey, subject: Subject): Promise<string> => {
  const now = Math.floor(Date.now() / 1000)
  const isService = 'service' in subject
  return new SignJWT(isService ? {} : { role: subject.role, sid: subject.sessionId })
    .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(isService ? `service:${subject.service}` : subject.userId)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + accessTokenSeconds)
    .sign(privateKey)
}
