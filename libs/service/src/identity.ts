import { createVerify, readSecrets, remoteKeys, serviceIdentity, type Verify } from '@quartet/auth'
import type { AuthService } from '@quartet/proto/auth'
import type { CallOptions, Client, ClientInterceptor } from '@quartet/rpc'
import type { Logger } from 'pino'
import type { Lifecycle } from './run.ts'

/** How a service knows its callers, and is known where it calls itself: both by the word of the user service. */
export interface Identity {
  /** Tells who calls, by keys that are kept fresh. */
  readonly verify: Verify
  /**
   * Signs in with QUARTET_SERVICE_SECRET_FILE, and gives an interceptor for the clients that do work of the service's
   * own. Calls with a `parent` it leaves alone: they are made as their caller.
   * @throws Error in one line when the secret cannot be used.
   */
  asService(): Promise<ClientInterceptor>
}

/** @param options.auth a client of the user service. */
export const remoteIdentity = (options: {
  readonly auth: Client<typeof AuthService, CallOptions>
  readonly name: string
  readonly secretFile: string
  readonly logger: Logger
  readonly onStop: Lifecycle['onStop']
}): Identity => {
  const { auth, name, secretFile, logger, onStop } = options
  const keys = remoteKeys(auth, {
    onError: (err) => logger.warn({ err }, 'the signing keys could not be fetched'),
  })
  onStop(() => keys.close())
  return {
    verify: createVerify(keys.find),
    async asService() {
      await readSecrets(secretFile).catch((cause: Error) => {
        throw new Error(`QUARTET_SERVICE_SECRET_FILE: ${cause.message}`, { cause })
      })
      const identity = serviceIdentity(auth, {
        name,
        secretFile,
        onError: (err) => logger.warn({ err }, 'could not sign in as a service'),
      })
      onStop(() => identity.close())
      return identity
    },
  }
}
