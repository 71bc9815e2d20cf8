import { UserService } from '@quartet/proto/user'
import { implement, type Caller } from '@quartet/rpc'
import { serveKit } from './kit.ts'
import { user } from './users.ts'

/**
 * GetUser, by a server that looks at tokens, or does not: from `work(1)` on, and from `work(0)` on. Then it takes whoever calls
 * for the same one, so that all the rest of a call is as ever.
 */
const caller: Caller = { kind: 'person', id: user().id, role: 'ADMIN', sessionId: '', expiresAt: Infinity }
let looks = true

await serveKit(
  implement(UserService, {
    async getUser({ userId }) {
      return { user: user(userId) }
    },
  }),
  (amount) => (looks = amount > 0),
  (access) => ({
    onCall(call) {
      if (looks) return access.onCall!(call)
      call.caller = caller
    },
  }),
)
