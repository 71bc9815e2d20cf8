import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import type { PrismaClient } from './generated/prisma/client.ts'

/** Days that a refresh token waits to be used. */
const refreshTokenDays = 30

/** What a refresh token was good for. */
export type Refreshed =
  | { readonly sessionId: string; readonly userId: string; readonly refreshToken: string }
  | { readonly problem: 'REFRESH_TOKEN_INVALID' | 'REFRESH_TOKEN_REUSED' }

export type SessionRepository = ReturnType<typeof sessionRepository>

/** Sign-ins and their refresh tokens, of which the database knows only the hashes. */
export const sessionRepository = (prisma: PrismaClient) => ({
  /** Starts a session with its first refresh token. */
  async start(userId: string): Promise<{ sessionId: string; refreshToken: string }> {
    const sessionId = randomUUIDv7()
    const { refreshToken, row } = newToken()
    await prisma.session.create({ data: { id: sessionId, userId, refreshTokens: { create: row } } })
    return { sessionId, refreshToken }
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
      const found = await tx.refreshToken.findUnique({ where: { tokenHash }, include: { session: true } })
      if (!found || found.session.revokedAt) return { problem: 'REFRESH_TOKEN_INVALID' }
      const { sessionId, session, usedAt } = found
      if (count === 0) {
        if (!usedAt) return { problem: 'REFRESH_TOKEN_INVALID' } // expired
        await tx.session.update({ where: { id: sessionId }, data: { revokedAt: new Date() } })
        return { problem: 'REFRESH_TOKEN_REUSED' }
      }
      await tx.refreshToken.create({ data: { ...row, sessionId } })
      return { sessionId, userId: session.userId, refreshToken }
    })
  },

  /** Ends the session that a refresh token belongs to; an unknown one ends nothing. */
  async end(token: string): Promise<void> {
    await prisma.session.updateMany({
      where: { revokedAt: null, refreshTokens: { some: { tokenHash: hashOf(token) } } },
      data: { revokedAt: new Date() },
    })
  },
})

const newToken = () => {
  const refreshToken = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + refreshTokenDays * 24 * 60 * 60 * 1000)
  return { refreshToken, row: { tokenHash: hashOf(refreshToken), expiresAt } }
}

/** A fast hash is enough for 256 random bits. */
const hashOf = (token: string) => new Uint8Array(hash('sha256', token, 'buffer'))
