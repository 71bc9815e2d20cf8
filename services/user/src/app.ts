import { createVerify } from '@quartet/auth'
import { prismaAdapter } from '@quartet/database'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { implement } from '@quartet/rpc'
import { errors } from 'jose'
import type { Pool } from 'pg'
import { authHandlers } from './auth-handlers.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { sessionRepository } from './session-repository.ts'
import { signingKeys } from './signing-keys.ts'
import { userHandlers } from './user-handlers.ts'
import { userRepository } from './user-repository.ts'

/** The user service, put together on a database that has its schema; who owns the process serves it. */
export const createApp = async (pool: Pool) => {
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool) })
  const users = userRepository(prisma, pool)
  const sessions = sessionRepository(prisma)
  const keys = signingKeys(prisma)
  await keys.ensure()

  return {
    users,
    implementations: [
      implement(UserService, userHandlers({ users })),
      implement(AuthService, authHandlers({ users, sessions, keys })),
    ],
    verify: createVerify(async ({ kid }) => {
      const key = await keys.find(kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key
    }),
  }
}
