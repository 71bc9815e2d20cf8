import type { AuthService } from '@quartet/proto/auth'
import type { CallOptions, Client } from '@quartet/rpc'
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'

/** How long keys are used before they are fetched again, in milliseconds. */
const maxAgeMs = 5 * 60_000

/** The public keys of the user service, for `createVerify` in every other one. */
export const remoteKeys = (auth: Client<typeof AuthService, CallOptions>): JWTVerifyGetKey => {
  let fetched: { at: number; keys: Promise<JWTVerifyGetKey> } | undefined
  const fetchKeys = async () => {
    const { data } = await auth.getJwks({})
    return createLocalJWKSet(JSON.parse(Buffer.from(data).toString()) as JSONWebKeySet)
  }
  return async (header, token) => {
    if (!fetched || performance.now() - fetched.at > maxAgeMs) {
      const keys = fetchKeys()
      fetched = { at: performance.now(), keys }
      keys.catch(() => (fetched = undefined))
    }
    return (await fetched.keys)(header!, token!)
  }
}
