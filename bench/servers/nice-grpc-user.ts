import { createServer } from 'nice-grpc'
import { userService } from './definition.ts'
import { serving } from './serving.ts'
import { user } from './users.ts'

const GetUser = {
  ...userService()['GetUser']!,
  requestStream: false,
  responseStream: false,
  options: {},
} as const
const server = createServer()
server.add(
  { GetUser },
  {
    async GetUser({ userId }: { userId: string }) {
      return { user: user(userId as never) }
    },
  },
)
serving(await server.listen('127.0.0.1:0'))
