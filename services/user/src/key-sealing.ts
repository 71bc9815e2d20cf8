import { hkdfSync } from 'node:crypto'
import { readSecrets } from '@quartet/auth'
import { CompactEncrypt, compactDecrypt, errors, type JWK } from 'jose'

/** A private key as it is stored: encrypted (RFC 7517 §7, a JWE in compact form), or a JWK in the clear. */
export type StoredKey = string | JWK

export type KeySealing = ReturnType<typeof keySealing>

/**
 * Encrypts the private keys that go into the database, with AES-256-GCM: whoever reads the database or a backup of it
 * cannot sign with them.
 *
 * @param secrets the first seals, all of them open, so that a secret can be replaced. None: keys stay in the clear, which
 * is for demonstrations.
 */
export const keySealing = (secrets: readonly string[]) => {
  const keys = secrets.map(
    (secret) => new Uint8Array(hkdfSync('sha256', secret, '', 'quartet signing keys', 32)),
  )

  return {
    async seal(jwk: JWK): Promise<StoredKey> {
      if (!keys[0]) return jwk
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'jwk+json' })
        .encrypt(keys[0])
    },

    /**
     * The key, and whether it is sealed as `seal` would do it now. Undefined: with another secret than those.
     */
    async open(stored: StoredKey): Promise<{ jwk: JWK; isCurrent: boolean } | undefined> {
      if (typeof stored !== 'string') return { jwk: stored, isCurrent: keys.length === 0 }
      for (const [i, key] of keys.entries()) {
        try {
          const { plaintext } = await compactDecrypt(stored, key)
          return { jwk: JSON.parse(new TextDecoder().decode(plaintext)), isCurrent: i === 0 }
        } catch (error) {
          if (!(error instanceof errors.JWEDecryptionFailed)) throw error
        }
      }
    },
  }
}

/**
 * The sealing with the secrets in a file. Without a file keys stay in the clear, which is allowed in the demo alone.
 * @throws Error in one line when the file is not named, cannot be read, or holds a secret that is too short.
 */
export const keySealingOf = async (config: {
  readonly QUARTET_KEY_SECRET_FILE: string
  readonly QUARTET_DEMO: boolean
}): Promise<KeySealing> => {
  const file = config.QUARTET_KEY_SECRET_FILE
  if (!file && config.QUARTET_DEMO) return keySealing([])
  if (!file)
    throw new Error(
      'QUARTET_KEY_SECRET_FILE is missing: it names the file with the secret that encrypts the signing keys; "openssl rand -hex 32" makes one',
    )
  const secrets = await readSecrets(file).catch((cause: Error) => {
    throw new Error(`QUARTET_KEY_SECRET_FILE: ${cause.message}`, { cause })
  })
  return keySealing(secrets)
}
