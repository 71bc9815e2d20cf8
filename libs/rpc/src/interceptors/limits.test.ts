import { Metadata, status } from '@grpc/grpc-js'
import { RetryInfoSchema } from '@quartet/proto/rpc-status'
import type { RpcError } from '../errors.ts'
import { failure, serve, userId } from '../testing/serve.ts'

const getUser = '/quartet.user.v1.UserService/GetUser'
const watchUsers = '/quartet.user.v1.UserService/WatchUsers'
type Served = Awaited<ReturnType<typeof serve>>
let served: Served
afterEach(() => served.close())

/** A person by the name of what the test sends as authorization. */
const byName = {
  onCall(call: { metadata: { get(key: string): unknown[] }; caller: unknown }) {
    const [id] = call.metadata.get('authorization')
    if (id) call.caller = { kind: 'person', id, role: 'VIEWER', sessionId: '', expiresAt: Infinity }
  },
}

test('a caller who calls too often is told when to come back; another is not concerned', async () => {
  served = await serve(
    { getUser: async () => ({}) },
    { access: byName as never, limits: { [getUser]: { perSecond: 0.01, burst: 3 } } },
  )
  const as = (name: string) => failure(served.client.getUser({ userId }, { metadata: headers(name) }))
  for (let i = 0; i < 3; i++) expect(await as('ann')).toBeUndefined()
  const error = (await as('ann')) as RpcError
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' })
  const retry = error.details.find(({ schema }) => schema === RetryInfoSchema)!.message as never as {
    retryDelay: { seconds: bigint }
  }
  expect(Number(retry.retryDelay.seconds)).toBeGreaterThan(90)
  expect(await as('bob')).toBeUndefined()
})

test('streams open at once are counted, and free their place when they end', async () => {
  served = await serve(
    {
      async *watchUsers(_, { signal }) {
        yield {}
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    },
    { limits: { [watchUsers]: { maxOpen: 2 } } },
  )
  const open = async () => {
    const stream = served.client.watchUsers({})[Symbol.asyncIterator]()
    await stream.next()
    return stream
  }
  const first = await open()
  await open()
  expect(await failure(open())).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'TOO_MANY_OPEN' })
  await first.return?.()
  // The end of a stream reaches the server a moment after it was asked for.
  while ((await failure(open())) !== undefined);
})

test('who is not signed in counts by address: what a proxy says of it, and of IPv6 the network', async () => {
  const limited = { limits: { [getUser]: { perSecond: 0.01, burst: 1 } } }
  served = await serve({ getUser: async () => ({}) }, limited)
  const from = (...forwarded: string[]) => {
    const metadata = new Metadata()
    for (const one of forwarded) metadata.add('x-forwarded-for', one)
    return failure(served.client.getUser({ userId }, { metadata }))
  }
  const refused = { reason: 'RATE_LIMITED' }
  expect(await from('203.0.113.7')).toBeUndefined()
  expect(await from('198.51.100.1, 203.0.113.7')).toMatchObject(refused) // the first is the caller's own word
  expect(await from('198.51.100.2', '203.0.113.7')).toMatchObject(refused)
  expect(await from('2001:db8::1')).toBeUndefined()
  expect(await from('2001:db8:0:0:7:8:9:a')).toMatchObject(refused)
  served.close()
  served = await serve({ getUser: async () => ({}) }, { ...limited, trustedProxies: ['203.0.113.1'] })
  expect(await from('203.0.113.7')).toBeUndefined()
  expect(await from('203.0.113.8')).toMatchObject(refused) // no proxy of ours: anyone could say that
})

test.each([
  ['{"/quartet.user.v1.UserService/Nothing": {"perSecond": 1}}', 'no method of this service'],
  [`{"${getUser}": {"perSecond": "many"}}`, 'perSecond is no limit'],
  [`{"${getUser}": {"perHour": 1}}`, 'perHour is no limit'],
  [`{"${getUser}": {"maxOpen": -1}}`, 'maxOpen is no limit'],
])('a configuration of limits like %s is refused at the start', async (json, message) => {
  await expect(serve({}, { limits: JSON.parse(json) })).rejects.toThrow(message)
  served = await serve({})
})

const headers = (authorization: string) => {
  const metadata = new Metadata()
  metadata.set('authorization', authorization)
  return metadata
}
