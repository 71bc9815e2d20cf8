import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import type { PrismaClient } from './generated/prisma/client.ts'

/** Days that a refresh token waits to be used. */
const refreshTokenDays = 30

/** A session, and the refresh token that continues it. */
export interface Started {
  readonly sessionId: string
  readonly refreshToken: string
}

/** What a refresh token was good for. */
export type Refreshed =
  | (Started & { readonly userId: string })
  | { readonly problem: 'REFRESH_TOKEN_INVALID' | 'REFRESH_TOKEN_REUSED' }

export type SessionRepository = ReturnType<typeof sessionRepository>

/** Sign-ins and their refresh tokens, of which the database knows only the hashes. */
export const sessionRepository = (prisma: PrismaClient) => ({
  /**
   * Starts a session with its first refresh token, if the password that it is started with is still the user's: undefined
   * where it was changed, or the user deleted or suspended, since it was checked.
   */
  async start(userId: string, passwordHash: string): Promise<Started | undefined> {
    const { sessionId, refreshToken, row } = newSession()
    // One statement. The lock waits for a change of the password that is under way, and looks at the user again then.
    const rows = await prisma.$queryRaw<unknown[]>`
      with allowed as (
        select id from users where id = ${userId}::uuid and password_hash = ${passwordHash} and status <> 'SUSPENDED'
        for share
      ), session as (
        insert into sessions (id, user_id) select ${sessionId}::uuid, id from allowed returning id
      )
      insert into refresh_tokens (token_hash, session_id, expires_at)
      select ${row.tokenHash}, id, ${row.expiresAt} from session
      returning session_id`
    return rows.length > 0 ? { sessionId, refreshToken } : undefined
  },

  /**
   * Gives a user a new password, ends all their sessions and starts one. Undefined, and nothing is changed, where the
   * password is another one than `oldHash` by now, or the user is gone.
   */
  async changePassword(userId: string, oldHash: string, newHash: string): Promise<Started | undefined> {
    const { sessionId, refreshToken, row } = newSession()
    return prisma.$transaction(async (tx) => {
      const where = { id: userId, passwordHash: oldHash }
      const { count } = await tx.user.updateMany({ where, data: { passwordHash: newHash } })
      if (count === 0) return undefined
      await tx.session.updateMany({ where: { userId, revokedAt: null }, data: { revokedAt: new Date() } })
      await tx.session.create({ data: { id: sessionId, userId, refreshTokens: { create: row } } })
      return { sessionId, refreshToken }
    })
  },

  /**
   * Trades a refresh token for the next one. One that comes a second time was stolen, or its successor was: nobody can
   * say which, so the session ends for both (RFC 9700 §4.14.2).
   */
  async refresh(token: string): Promise<Refreshed> {
    const tokenHash = hashOf(token)
    const { refreshToken, row } = newToken()
    return prisma.$transaction(async (tx): Promise<Refreshed> => {
      // Of several at once with the same token one takes it; the row lock makes the others see it used.
      const { count } = await tx.refreshToken.updateMany({
        where: { tokenHash, usedAt: null, expiresAt: { gt: new Date() }, session: { revokedAt: null } },
        data: { usedAt: new Date() },
      })
      const found = await tx.refreshToken.findUnique({
        where: { tokenHash },
        include: { session: { include: { user: { select: { status: true } } } } },
      })
      if (!found || found.session.revokedAt) return { problem: 'REFRESH_TOKEN_INVALID' }
      const { sessionId, session, usedAt } = found
      const revoke = () => tx.session.update({ where: { id: sessionId }, data: { revokedAt: new Date() } })
      if (count === 0) {
        if (!usedAt) return { problem: 'REFRESH_TOKEN_INVALID' } // expired
        await revoke()
        return { problem: 'REFRESH_TOKEN_REUSED' }
      }
      if (session.user.status === 'SUSPENDED') {
        await revoke()
        return { problem: 'REFRESH_TOKEN_INVALID' }
      }
      await tx.refreshToken.create({ data: { ...row, sessionId } })
      return { sessionId, userId: session.userId, refreshToken }
    })
  },

  /** Forgets up to 1,000 refresh tokens that nobody used in time, and the sessions that have none left. */
  async sweep(): Promise<void> {
    await prisma.$executeRaw`
      delete from refresh_tokens where token_hash in (
        select token_hash from refresh_tokens where expires_at < now() order by expires_at limit 1000
      )`
    await prisma.$executeRaw`
      delete from sessions s where created_at < now() - make_interval(days => ${refreshTokenDays})
      and not exists (select from refresh_tokens t where t.session_id = s.id)`
  },

  /** Ends the session that a refresh token belongs to; an unknown one ends nothing. */
  async end(token: string): Promise<void> {
    await prisma.session.updateMany({
      where: { revokedAt: null, refreshTokens: { some: { tokenHash: hashOf(token) } } },
      data: { revokedAt: new Date() },
    })
  },
})

const newSession = () => ({ sessionId: randomUUIDv7(), ...newToken() })

const newToken = () => {
  const refreshToken = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + refreshTokenDays * 24 * 60 * 60 * 1000)
  return { refreshToken, row: { tokenHash: hashOf(refreshToken), expiresAt } }
}

/** A fast hash is enough for 256 random bits. */
const hashOf = (token: string) => new Uint8Array(hash('sha256', token, 'buffer'))
