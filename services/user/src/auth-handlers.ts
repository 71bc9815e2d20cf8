import { status } from '@grpc/grpc-js'
import { userIdOf } from '@quartet/auth'
import type { AuthService } from '@quartet/proto/auth'
import { RpcError, type Handlers } from '@quartet/rpc'
import { accessTokenSeconds, signAccessToken } from './access-token.ts'
import type { Attempts } from './attempts.ts'
import { hashPassword, verifyPassword } from './password.ts'
import type { ServiceSecrets } from './service-secrets.ts'
import type { SessionRepository, Started } from './session-repository.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Credentials, UserRepository } from './user-repository.ts'
import { toUser, type NewUser, type StoredUser } from './user.ts'

interface Dependencies {
  readonly users: UserRepository
  readonly sessions: SessionRepository
  readonly keys: SigningKeys
  readonly services: ServiceSecrets
  readonly attempts: Attempts
}

export const authHandlers = ({
  users,
  sessions,
  keys,
  services,
  attempts,
}: Dependencies): Handlers<typeof AuthService> => {
  const tokensFor = async ({ id, role }: StoredUser, { sessionId, refreshToken }: Started) => ({
    accessToken: await signAccessToken(await keys.current(), { userId: id, role, sessionId }),
    refreshToken,
    expiresIn: { seconds: accessTokenSeconds },
  })

  /** Whose password this is. Always the whole work and one answer, so that neither tells which addresses have accounts. */
  const authenticate = async (email: string, password: string, refused: RpcError, signal: AbortSignal) => {
    attempts.assertLeft(email)
    let found: Credentials | undefined
    const hashOf = async () => (found = await users.findByEmail(email))?.passwordHash
    const matches = await verifyPassword(password, hashOf, signal)
    // Those that were under way when the last attempt failed are too many as well.
    attempts.assertLeft(email)
    if (found?.passwordHash && matches && found.user.status !== 'SUSPENDED') {
      attempts.succeeded(email)
      return { user: found.user, passwordHash: found.passwordHash }
    }
    attempts.failed(email)
    throw refused
  }

  return {
    async signUp({ email, password, name }, { signal, deadline }) {
      const passwordHash = await hashPassword(password, signal)
      const user: NewUser = {
        name,
        email,
        age: null,
        role: 'VIEWER',
        plan: 'FREE',
        status: 'ACTIVE',
        tags: [],
        metadata: {},
        address: null,
        passwordHash,
      }
      const created = await users.create(user, undefined, { signal, deadline })
      if ('problem' in created) throw new RpcError(status.ALREADY_EXISTS, created.problem)
      const session = await sessions.start(created.user.id, passwordHash)
      if (!session) throw refusal(status.UNAUTHENTICATED)
      return { user: toUser(created.user), tokens: await tokensFor(created.user, session) }
    },

    async signIn({ email, password }, { signal }) {
      const refused = refusal(status.UNAUTHENTICATED)
      const { user, passwordHash } = await authenticate(email, password, refused, signal)
      const session = await sessions.start(user.id, passwordHash)
      if (!session) throw refused
      return { user: toUser(user), tokens: await tokensFor(user, session) }
    },

    async refreshToken({ refreshToken }) {
      const refreshed = await sessions.refresh(refreshToken)
      if ('problem' in refreshed) throw new RpcError(status.UNAUTHENTICATED, refreshed.problem)
      const user = await users.get(refreshed.userId)
      if (!user) throw new RpcError(status.UNAUTHENTICATED, 'REFRESH_TOKEN_INVALID')
      return { tokens: await tokensFor(user, refreshed) }
    },

    async signOut({ refreshToken }) {
      await sessions.end(refreshToken)
      return {}
    },

    async changePassword({ currentPassword, newPassword }, { caller, signal }) {
      const refused = refusal(status.PERMISSION_DENIED)
      const { email } = (await users.get(userIdOf(caller))) ?? {}
      if (!email) throw refused // deleted meanwhile
      const { user, passwordHash } = await authenticate(email, currentPassword, refused, signal)
      const newHash = await hashPassword(newPassword, signal)
      const session = await sessions.changePassword(user.id, passwordHash, newHash)
      if (!session) throw refused
      return { tokens: await tokensFor(user, session) }
    },

    async issueServiceToken({ clientId, clientSecret }) {
      if (!(await services.matches(clientId, clientSecret))) throw refusal(status.UNAUTHENTICATED)
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

const refusal = (code: status) => new RpcError(code, 'INVALID_CREDENTIALS')
