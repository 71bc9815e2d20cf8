import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { once } from 'node:events'
import { serveBare } from './bare.ts'
import { userService } from './definition.ts'
import { page, pageSize, rowsToStream, user } from './users.ts'

serveBare(userService(), {
  GetUser(call: ServerUnaryCall<{ userId: string }, object>, callback: sendUnaryData<object>) {
    callback(null, { user: user(call.request.userId) })
  },
  async StreamUsers(call: ServerWritableStream<object, object>) {
    for (let sent = 0; sent < rowsToStream; sent += pageSize)
      if (!call.write({ users: page(sent) })) await once(call, 'drain')
    call.end()
  },
})
