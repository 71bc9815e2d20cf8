import { createVerify } from '@quartet/auth'
import { prismaAdapter } from '@quartet/database'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { implement } from '@quartet/rpc'
import { errors } from 'jose'
import type { Pool } from 'pg'
import { authHandlers } from './auth-handlers.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { serviceSecrets } from './service-secrets.ts'
import { sessionRepository } from './session-repository.ts'
import { signingKeys } from './signing-keys.ts'
import { userHandlers } from './user-handlers.ts'
import { userRepository } from './user-repository.ts'

interface AppOptions {
  /** A folder with one file for each service that may sign in; without one none may. */
  readonly serviceSecretsDir?: string
}

/**
 * The user service, put together on a database that has its schema; who owns the process serves it.
 * @throws Error in one line when a secret cannot be used.
 */
export const createApp = async (pool: Pool, { serviceSecretsDir = '' }: AppOptions = {}) => {
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool) })
  const users = userRepository(prisma, pool)
  const sessions = sessionRepository(prisma)
  const keys = signingKeys(prisma)
  await keys.ensure()
  const services = await serviceSecrets(serviceSecretsDir)

  return {
    users,
    implementations: [
      implement(UserService, userHandlers({ users })),
      implement(AuthService, authHandlers({ users, sessions, keys, services })),
    ],
    verify: createVerify(async ({ kid }) => {
      const key = await keys.find(kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key
    }),
  }
}
