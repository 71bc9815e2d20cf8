import type { AuthService } from '@quartet/proto/auth'
import type { CallOptions, Client } from '@quartet/rpc'
import type { JWTVerifyGetKey } from 'jose'
import * as errors from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { keepFresh } from './keep-fresh.ts'

/**
 * Milliseconds for which anybody may keep the keys without looking again, Envoy (`cache_duration`) among them: a new key
 * is published at least this long before it signs.
 */
export const keyCacheMs = 5 * 60_000
/** Milliseconds that the issuer has for its answer. */
const timeoutMs = 3_000

/** The keys of an issuer in another process. */
export interface RemoteKeys {
  /** For `createVerify`. Rejects with something else than a JOSEError while it cannot be known which keys there are. */
  readonly find: JWTVerifyGetKey
  /** Ends the fetching; the client stays open. */
  close(): void
}

/**
 * The keys that verify access tokens, for every service but their issuer. They are fetched at once, and again in the
 * background before they are five minutes old; a `kid` that is unknown has them fetched at most once a second, whoever
 * made it up. While the issuer is away the last ones stay good.
 *
 * @param auth a client of the user service; whoever made it closes it.
 * @param onError hears of each time that they could not be fetched.
 */
export const remoteKeys = (
  auth: Pick<Client<typeof AuthService, CallOptions>, 'getJwks'>,
  { onError }: { readonly onError: (error: unknown) => void },
): RemoteKeys => {
  const kept = keepFresh({
    fetch: async () => {
      const { data } = await auth.getJwks({}, { timeoutMs, waitForReady: false })
      return keySet(data)
    },
    refreshAfterMs: () => keyCacheMs * 0.8,
    onError,
  })
  return {
    async find(header, token) {
      try {
        if (kept.value) return await kept.value(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      }
      return (await kept.renewed())(header, token)
    },
    close: () => kept.close(),
  }
}

/** @throws Error when it is not a set of keys, or an empty one: the fault is the issuer's, not some caller's. */
const keySet = (json: Uint8Array): JWTVerifyGetKey => {
  try {
    const set = JSON.parse(Buffer.from(json).toString())
    if (set.keys.length > 0) return createLocalJWKSet(set)
  } catch (cause) {
    throw new Error('what the issuer sent is no set of keys', { cause })
  }
  throw new Error('the issuer sent no keys')
}
