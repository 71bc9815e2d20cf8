import { status } from '@grpc/grpc-js'
import { Health } from '@quartet/proto/grpc'
import { RetryInfoSchema } from '@quartet/proto/rpc-status'
import { createClient } from '../client/client.ts'
import type { RpcError } from '../errors.ts'
import { failure, serve, userId } from '../testing/serve.ts'

const open: { close(): void }[] = []
afterEach(() => open.splice(0).forEach((one) => one.close()))

test('past the limit calls are refused and told when to come back, health is not, and an end makes room', async () => {
  const arrived = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const served = await serve(
    {
      async getUser() {
        arrived.resolve()
        await finish.promise
        return {}
      },
      async *watchUsers() {
        yield {}
        await finish.promise
      },
    },
    { maxCallsInFlight: 2 },
  )
  open.push(served)
  const call = served.client.getUser({ userId })
  await arrived.promise
  const stream = served.client.watchUsers({})[Symbol.asyncIterator]()
  await stream.next()

  for (let i = 0; i < 3; i++) {
    const error = (await failure(served.client.getUser({ userId }))) as RpcError
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED' })
    expect(error.details.map(({ schema }) => schema)).toContain(RetryInfoSchema)
  }
  const health = createClient(Health, { target: served.target })
  open.push(health)
  expect(await health.check({ service: 'readiness' })).toEqual({ status: 'SERVING' })

  finish.resolve()
  await call
  await stream.next()
  await Promise.all([served.client.getUser({ userId }), served.client.getUser({ userId })])
})
