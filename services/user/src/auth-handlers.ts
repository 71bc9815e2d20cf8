import { status } from '@grpc/grpc-js'
import type { AuthService } from '@quartet/proto/auth'
import { RpcError, type Handlers } from '@quartet/rpc'
import { accessTokenSeconds, signAccessToken } from './access-token.ts'
import { hashPassword, verifyPassword } from './password.ts'
import type { ServiceSecrets } from './service-secrets.ts'
import type { SessionRepository } from './session-repository.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { UserRepository } from './user-repository.ts'
import { toUser, type StoredUser } from './user.ts'

interface Dependencies {
  readonly users: UserRepository
  readonly sessions: SessionRepository
  readonly keys: SigningKeys
  readonly services: ServiceSecrets
}

export const authHandlers = ({
  users,
  sessions,
  keys,
  services,
}: Dependencies): Partial<Handlers<typeof AuthService>> => {
  const tokensFor = async (
    { id, role }: StoredUser,
    session: { sessionId: string; refreshToken: string },
  ) => ({
    accessToken: await signAccessToken(await keys.current(), {
      userId: id,
      role,
      sessionId: session.sessionId,
    }),
    refreshToken: session.refreshToken,
    expiresIn: { seconds: accessTokenSeconds },
  })

  return {
    async signUp({ email, password, name }, { signal }) {
      const created = await users.create({
        name,
        email,
        age: null,
        role: 'VIEWER',
        plan: 'FREE',
        tags: [],
        metadata: {},
        address: null,
        passwordHash: await hashPassword(password, signal),
      })
      if ('problem' in created) throw new RpcError(status.ALREADY_EXISTS, created.problem)
      const { user } = created
      return { user: toUser(user), tokens: await tokensFor(user, await sessions.start(user.id)) }
    },

    async signIn({ email, password }, { signal }) {
      const found = await users.findByEmail(email)
      // Always the whole work and one answer, so that neither tells whether the address has an account.
      const matches = await verifyPassword(password, found?.passwordHash, signal)
      if (!found || !matches || found.user.status === 'SUSPENDED')
        throw new RpcError(status.UNAUTHENTICATED, 'INVALID_CREDENTIALS')
      const { user } = found
      return { user: toUser(user), tokens: await tokensFor(user, await sessions.start(user.id)) }
    },

    async refreshToken({ refreshToken }) {
      const refreshed = await sessions.refresh(refreshToken)
      if ('problem' in refreshed) throw new RpcError(status.UNAUTHENTICATED, refreshed.problem)
      const user = await users.get(refreshed.userId)
      if (!user || user.status === 'SUSPENDED')
        throw new RpcError(status.UNAUTHENTICATED, 'REFRESH_TOKEN_INVALID')
      return { tokens: await tokensFor(user, refreshed) }
    },

    async signOut({ refreshToken }) {
      await sessions.end(refreshToken)
      return {}
    },

    async issueServiceToken({ clientId, clientSecret }) {
      if (!(await services.matches(clientId, clientSecret)))
        throw new RpcError(status.UNAUTHENTICATED, 'INVALID_CREDENTIALS')
      const accessToken = await signAccessToken(await keys.current(), { service: clientId })
      return { accessToken, expiresIn: { seconds: accessTokenSeconds } }
    },

    async getJwks() {
      return {
        contentType: 'application/jwk-set+json',
        data: Buffer.from(JSON.stringify(await keys.jwks())),
      }
    },
  }
}
