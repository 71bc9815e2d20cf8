import { randomUUID } from 'node:crypto'
import { AuthService } from '@quartet/proto/auth'
import { UserService, type CreateUserRequest } from '@quartet/proto/user'
import type { Role } from '@quartet/rpc'
import { testServer } from '@quartet/testing'
import { createApp } from '../app.ts'
import { hashPassword } from '../password.ts'
import { testFoundation } from './foundation.ts'

/** The user service on a database of its own, and people who call it. */
export const testService = async () => {
  const foundation = await testFoundation()
  const app = await createApp(foundation)
  const server = await testServer(app.implementations, app.verify)
  const auth = server.client(AuthService)
  const password = 'correct horse battery'
  const passwordHash = await hashPassword(password)
  return {
    ...foundation,
    app,
    server,
    auth,
    /** A user with a role, and clients that call as that user. */
    person: async (role: Role) => {
      const email = `${role}-${randomUUID()}@example.org`.toLowerCase()
      const created = await app.users.create({
        name: role,
        email,
        age: null,
        role,
        plan: 'FREE',
        status: 'ACTIVE',
        tags: [],
        metadata: {},
        address: null,
        passwordHash,
      })
      if ('problem' in created) throw new Error(created.problem)
      const { tokens } = await auth.signIn({ email, password })
      const users = server.client(UserService, tokens!.accessToken)
      return { id: created.user.id, email, password, tokens: tokens!, users }
    },
    async stop() {
      server.close()
      app.feed.close()
      await foundation.drop()
    },
  }
}

export const newUser = () => ({ name: 'Ada', email: `${randomUUID()}@example.org` })

/** With every field that there is. */
export const fullUser = () =>
  ({
    ...newUser(),
    password: 'a password of hers',
    age: 36,
    role: 'USER_ROLE_EDITOR',
    plan: 'USER_PLAN_PRO',
    tags: ['one', 'two'],
    metadata: { team: 'engine' },
    address: { streetAddress: '12 St James’s Square', city: 'London', countryCode: 'GB' },
  }) satisfies CreateUserRequest
