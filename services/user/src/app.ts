import { createVerify } from '@quartet/auth'
import { prismaOptions } from '@quartet/database'
import type { Listener } from '@quartet/events'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { implement } from '@quartet/rpc'
import { errors } from 'jose'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { attempts } from './attempts.ts'
import { authHandlers } from './auth-handlers.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { keyRotation } from './key-rotation.ts'
import { keySealing, type KeySealing } from './key-sealing.ts'
import { oneEachTurn } from './one-each-turn.ts'
import { serviceSecrets } from './service-secrets.ts'
import { sessionRepository } from './session-repository.ts'
import { signingKeys } from './signing-keys.ts'
import { userBatches } from './user-batch.ts'
import { userFeed } from './user-feed.ts'
import { userHandlers } from './user-handlers.ts'
import { userRepository } from './user-repository.ts'
import { userStreamHandlers } from './user-stream-handlers.ts'

/** What has a password hashed, and comes from people: as many at once as there are. */
const hashing = AuthService.methods.filter(({ name }) =>
  ['SignUp', 'SignIn', 'ChangePassword'].includes(name),
)

interface Foundation {
  readonly pool: Pool
  readonly listener: Listener
  readonly logger: Logger
}

interface AppOptions {
  /** How signing keys are encrypted in the database; not at all unless given. */
  readonly sealing?: KeySealing
  /** Whether signing keys that cannot be decrypted any more are replaced, in place of an error. */
  readonly replaceLostKeys?: boolean
  /** A folder with one file for each service that may sign in; without one none may. */
  readonly serviceSecretsDir?: string
}

/**
 * The user service, put together on a database that has its schema; who owns the process serves it.
 * @throws Error in one line when a secret cannot be used.
 */
export const createApp = async (
  { pool, listener, logger }: Foundation,
  { sealing = keySealing([]), replaceLostKeys = false, serviceSecretsDir = '' }: AppOptions = {},
) => {
  const prisma = new PrismaClient(prismaOptions(pool))
  const feed = userFeed({ pool, listener, logger })
  const users = userRepository(prisma, pool, feed)
  const batches = userBatches(pool, feed)
  const sessions = sessionRepository(prisma)
  const services = await serviceSecrets(serviceSecretsDir)
  const rotation = keyRotation(prisma, sealing)
  await rotation.ensure({ replaceLost: replaceLostKeys })
  const keys = signingKeys(prisma, sealing)

  return {
    users,
    sessions,
    rotation,
    feed,
    implementations: [
      implement(UserService, { ...userHandlers({ users }), ...userStreamHandlers({ users, batches, feed }) }),
      implement(AuthService, authHandlers({ users, sessions, keys, services, attempts: attempts() })),
    ],
    interceptors: [oneEachTurn(hashing, { most: 100 })],
    verify: createVerify(async ({ kid }) => {
      const key = await keys.find(kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key
    }),
  }
}
