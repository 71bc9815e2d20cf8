import type { UserService } from '@quartet/proto/user'
import { pagesOf, type Handlers } from '@quartet/rpc'
import { batchCreateUsers } from './batch-create-users.ts'
import { syncUsers } from './sync-users.ts'
import type { UserBatches } from './user-batch.ts'
import type { UserFeed } from './user-feed.ts'
import type { UserRepository } from './user-repository.ts'
import { toUser } from './user.ts'

/** Users in a message: a message for each would cost five times the CPU. */
const pageSize = 100

interface Dependencies {
  readonly users: UserRepository
  readonly batches: UserBatches
  readonly feed: UserFeed
}

export const userStreamHandlers = ({ users, batches, feed }: Dependencies) =>
  ({
    async *streamUsers({ filter }, { signal, deadline }) {
      for await (const page of users.stream(filter, { signal, deadline }))
        for (const users of pagesOf(page.map(toUser), pageSize)) yield { users }
    },

    watchUsers: ({ roleFilter, resumeToken }, { signal }) => ({
      pushTo(send) {
        const all = roleFilter === 'USER_ROLE_UNSPECIFIED'
        return feed.each({ resumeToken, signal }, ({ entry, resumeToken: reached }) => {
          if (!entry) return send({ change: 'USER_CHANGE_HEARTBEAT', resumeToken: reached })
          return all || entry.roles.some((role) => role === roleFilter) ? send(entry.response) : undefined
        })
      },
    }),

    batchCreateUsers: (requests, context) => batchCreateUsers(requests, context, batches),

    syncUsers: (requests, context) => syncUsers(requests, context, users),
  }) satisfies Partial<Handlers<typeof UserService>>
