import { status } from '@grpc/grpc-js'
import { UserService } from '@quartet/proto/user'
import { createClient } from '../client/client.ts'
import { RpcError } from '../errors.ts'
import { createHistogram, record } from '../histogram.ts'
import { collect, failure, serve, userId } from '../testing/serve.ts'
import { callMetrics } from './metrics.ts'

const open: { close(): void }[] = []
afterEach(() => open.splice(0).forEach((one) => one.close()))

test('a value counts in the bucket whose bound it does not exceed', () => {
  const histogram = createHistogram([0, 10, 20])
  for (const value of [0, 1, 10, 10.5, 20, 21, 1e9]) record(histogram, value)
  expect([...histogram.counts]).toEqual([1, 2, 2, 2])
  expect(histogram.sum).toBe(62.5 + 1e9)
})

test('calls are counted by method and status, at both ends', async () => {
  const metrics = callMetrics()
  const served = await serve(
    {
      async getUser({ userId: id }) {
        if (id === userId) return { user: { name: 'x'.repeat(2000) } }
        throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND')
      },
      async *watchUsers() {
        yield {}
        await new Promise(() => {})
      },
      async *streamUsers() {
        yield { users: [] }
      },
    },
    { metrics },
  )
  const client = createClient(UserService, { target: served.target, interceptors: [metrics.client] })
  open.push(served, client)
  await client.getUser({ userId })
  await client.getUser({ userId })
  await failure(client.getUser({ userId: userId.replace('0', '1') }))
  await collect(client.streamUsers({}))
  const watch = client.watchUsers({})[Symbol.asyncIterator]()
  await watch.next()

  const family = (name: string) => metrics.families().find((one) => one.name === name)!.points
  const method = (name: string) => `quartet.user.v1.UserService/${name}`
  const counts = (name: string) =>
    family(name).map(({ labels, value }) => [
      labels,
      typeof value === 'number' ? value : value.counts.reduce((sum, count) => sum + count, 0),
    ])
  expect(counts('grpc.server.call.started')).toEqual([
    [{ 'grpc.method': method('GetUser') }, 3],
    [{ 'grpc.method': method('StreamUsers') }, 1],
    [{ 'grpc.method': method('WatchUsers') }, 1],
  ])
  const ended = [
    [{ 'grpc.method': method('GetUser'), 'grpc.status': 'OK' }, 2],
    [{ 'grpc.method': method('GetUser'), 'grpc.status': 'NOT_FOUND' }, 1],
    [{ 'grpc.method': method('StreamUsers'), 'grpc.status': 'OK' }, 1],
  ] as const
  for (const name of ['duration', 'sent_total_compressed_message_size', 'rcvd_total_compressed_message_size'])
    expect(counts(`grpc.server.call.${name}`)).toEqual(ended)
  expect(counts('grpc.client.call.duration')).toEqual(
    ended.map(([labels, count]) => [{ ...labels, 'grpc.target': `dns:${served.target}` }, count]),
  )
  expect(family('quartet.server.open_calls').map(({ value }) => value)).toEqual([0, 0, 1])
  const [sent] = family('grpc.server.call.sent_total_compressed_message_size')
  expect((sent!.value as { sum: number }).sum).toBeGreaterThan(4000)

  await watch.return?.()
})
