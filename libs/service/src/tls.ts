import { tlsCredentials, type TlsCredentials } from '@quartet/rpc'
import type { CleanedEnv } from 'envalid'
import type { Logger } from 'pino'
import type { commonSchema } from './config.ts'

type TlsConfig = Pick<CleanedEnv<typeof commonSchema>, 'TLS_CERT_FILE' | 'TLS_KEY_FILE' | 'TLS_CA_FILE'>

/**
 * The credentials that the environment names, for the server and for calls to other services; none for plaintext.
 * @throws Error of one line when a file is not named or cannot be used.
 */
export const tlsOf = async (config: TlsConfig, logger: Logger): Promise<TlsCredentials | undefined> => {
  const { TLS_CERT_FILE: certificate, TLS_KEY_FILE: key, TLS_CA_FILE: authority } = config
  if (!certificate && !key && !authority) return undefined
  if (!certificate || !key)
    throw new Error(
      `${certificate ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE'} is missing: a certificate and its key belong together. See docs/tls.md`,
    )
  try {
    return await tlsCredentials({ certificate, key, authority: authority || undefined }, { logger })
  } catch (cause) {
    throw new Error(`TLS: ${(cause as Error).message}. See docs/tls.md`, { cause })
  }
}
