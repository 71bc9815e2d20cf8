import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { once } from 'node:events'
import { constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { status } from '@grpc/grpc-js'
import { RetryInfoSchema } from '@quartet/proto/rpc-status'
import { UserService } from '@quartet/proto/user'
import { createClient } from './client/client.ts'
import { detail, invalidArgument, RpcError } from './errors.ts'
import { collect, failure, serve, userId } from './testing/serve.ts'

type Served = Awaited<ReturnType<typeof serve>>
const open: Served[] = []
afterEach(() => open.splice(0).forEach((served) => served.close()))

/** A service whose handlers call another one that fails with `error`, and how often each was called. */
const chain = async (error: () => RpcError) => {
  const calls = { front: 0, back: 0 }
  const back = await serve({
    async getUser() {
      calls.back++
      throw error()
    },
  })
  const front = await serve({
    async getUser(request, context) {
      calls.front++
      return back.client.getUser(request, { parent: context })
    },
    async *watchUsers(_, context) {
      await back.client.getUser({ userId }, { parent: context })
      yield {}
    },
  })
  open.push(back, front)
  return { front, calls }
}

test('only the hop next to a failure retries', async () => {
  const { front, calls } = await chain(() => new RpcError(status.UNAVAILABLE, 'AWAY'))
  expect(await failure(front.client.getUser({ userId }))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'DEPENDENCY_UNAVAILABLE',
  })
  expect(calls).toEqual({ front: 1, back: 4 })
})

test.each([
  ['UNAUTHENTICATED', 'INTERNAL'],
  ['PERMISSION_DENIED', 'INTERNAL'],
  ['NOT_FOUND', 'INTERNAL'],
  ['CANCELLED', 'INTERNAL'],
  ['UNIMPLEMENTED', 'INTERNAL'],
  ['RESOURCE_EXHAUSTED', 'UNAVAILABLE'],
  ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'],
] as const)('%s of a call of ours is %s of the call we serve', async (code, expected) => {
  const { front } = await chain(
    () => new RpcError(status[code], 'THEIRS', { secret: 'yes' }, { message: 'theirs' }),
  )
  const calls = [front.client.getUser({ userId }), collect(front.client.watchUsers({}))]
  for (const error of (await Promise.all(calls.map(failure))) as RpcError[]) {
    expect(error).toMatchObject({ code: status[expected], metadata: {} })
    expect(error.message).not.toContain('theirs')
  }
  if (expected === 'INTERNAL')
    expect(front.lines.find(({ level }) => level === 50)).toMatchObject({
      err: { message: expect.stringContaining('theirs') },
    })
})

test('a call of ours that its server gave up, which nobody cancelled, is UNAVAILABLE', async () => {
  const back = createServer().listen(0, '127.0.0.1')
  back.on('stream', (stream) => stream.close(constants.NGHTTP2_CANCEL))
  await once(back, 'listening')
  const { port } = back.address() as AddressInfo
  const client = createClient(UserService, { target: `127.0.0.1:${port}` })
  const front = await serve({
    getUser: (request, parent) => client.getUser(request, { parent }),
    async *watchUsers(_, parent) {
      yield* client.watchUsers({}, { parent })
    },
  })
  open.push(front)
  try {
    const calls = [front.client.getUser({ userId }), collect(front.client.watchUsers({}))]
    for (const error of await Promise.all(calls.map(failure)))
      expect(error).toMatchObject({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
  } finally {
    client.close()
    back.close()
  }
})

test('violations of a request of ours are not the caller’s; the time of a next try is', async () => {
  const invalid = await chain(() => invalidArgument([{ field: 'user_id', description: 'is odd' }]))
  expect(await failure(invalid.front.client.getUser({ userId }))).toMatchObject({
    code: status.INTERNAL,
    details: [],
  })
  const away = await chain(
    () =>
      new RpcError(
        status.RESOURCE_EXHAUSTED,
        'BUSY',
        {},
        {
          details: [detail(RetryInfoSchema, { retryDelay: durationFromMs(7_000) })],
        },
      ),
  )
  const { details } = (await failure(away.front.client.getUser({ userId }))) as RpcError
  expect(details).toMatchObject([{ message: { retryDelay: { seconds: 7n } } }])
})

test('an error that a handler makes of it is the caller’s', async () => {
  const { front: back } = await chain(() => new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND'))
  const front = await serve({
    async getUser(request) {
      try {
        return await back.client.getUser(request)
      } catch (cause) {
        throw new RpcError(status.FAILED_PRECONDITION, 'CUSTOMER_UNKNOWN', {}, { cause })
      }
    },
  })
  open.push(front)
  expect(await failure(front.client.getUser({ userId }))).toMatchObject({ reason: 'CUSTOMER_UNKNOWN' })
})
