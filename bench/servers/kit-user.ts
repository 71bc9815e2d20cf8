import { UserService } from '@quartet/proto/user'
import { implement } from '@quartet/rpc'
import { serveKit } from './kit.ts'
import { page, pageSize, rowsToStream, user } from './users.ts'

await serveKit(
  implement(UserService, {
    async getUser({ userId }) {
      return { user: user(userId) }
    },
    async *streamUsers() {
      for (let sent = 0; sent < rowsToStream; sent += pageSize) yield { users: page(sent) }
    },
  }),
)
