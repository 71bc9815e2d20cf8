import { createFeed, type Listener } from '@quartet/events'
import { encodeOnce, timestamp, type Role } from '@quartet/rpc'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { revived, toUser, type StoredUser } from './user.ts'

/** What is written down of a change: the user after it, and the role until then. */
interface UserEvent {
  readonly user: StoredUser
  readonly previousRole: Role | null
}

export type UserFeed = ReturnType<typeof userFeed>

const changes = {
  created: 'USER_CHANGE_CREATED',
  updated: 'USER_CHANGE_UPDATED',
  deleted: 'USER_CHANGE_DELETED',
} as const

/** What happens to users, for those who watch. */
export const userFeed = (options: { pool: Pool; listener: Listener; logger: Logger }) =>
  createFeed({
    ...options,
    name: 'users',
    toEntry: ({ id, kind, data: { user, previousRole }, occurredAt, resumeToken }) => ({
      /** With these a role filter shows it. */
      roles: [user.role, previousRole ?? user.role].map((role) => `USER_ROLE_${role}` as const),
      response: encodeOnce({
        change: changes[kind as keyof typeof changes],
        user: toUser(revived(user)),
        eventId: id,
        occurredAt: timestamp(occurredAt),
        resumeToken,
      }),
    }),
  } satisfies Parameters<typeof createFeed<UserEvent, unknown>>[0])

/** A change as the feed takes it. */
export const userEvent = (
  kind: keyof typeof changes,
  user: StoredUser,
  previousRole: Role | null = null,
) => ({
  kind,
  subject: user.id,
  data: { user, previousRole } satisfies UserEvent,
})
