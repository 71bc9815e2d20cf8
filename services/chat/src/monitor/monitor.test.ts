import { randomUUID } from 'node:crypto'
import { ChatService, type MonitorRequest, type MonitorResponse__Output } from '@quartet/proto/chat'
import { MetricsService } from '@quartet/proto/metrics'
import { implement } from '@quartet/rpc'
import { callCounter, metricsHandlers } from '@quartet/service'
import { failure, testIdentity, testServer } from '@quartet/testing'
import { status } from '@grpc/grpc-js'
import { monitorHandlers } from './monitor-handlers.ts'
import { replicasOf } from './replicas-of.ts'
import { watchedReplicas } from './watched-replicas.ts'

const identity = await testIdentity()
const serveMetrics = (replica: string) =>
  testServer([implement(MetricsService, metricsHandlers(callCounter().counts, replica))], identity.verify)
const users = [await serveMetrics('user-1'), await serveMetrics('user-2')]
const order = await serveMetrics('order-1')

const errors: unknown[] = []
const serviceToken = await identity.token({ sub: 'service:chat' })
const replicas = watchedReplicas({
  targets: {
    user: `ipv4:${users.map(({ target }) => target).join(',')}`,
    order: order.target,
    upload: 'dns:///nowhere.invalid:1',
    chat: '127.0.0.1:1',
  },
  clientOptions: { token: () => serviceToken },
  onError: (error) => errors.push(error),
})
const chat = await testServer([implement(ChatService, monitorHandlers(replicas))], identity.verify)
afterAll(() => {
  replicas.close()
  for (const server of [...users, order, chat]) server.close()
})

const interval = { nanos: 100_000_000 }
const asEditor = async () =>
  chat.client(ChatService, await identity.token({ sub: randomUUID(), role: 'EDITOR' }))
/** The open streams of a server, as it counts them. */
const opened = ({ logs }: { logs: Record<string, unknown>[] }) =>
  logs.filter(({ msg }) => msg === 'call').length

test('figures of all replicas come as they are', async () => {
  const editor = await asEditor()
  const seen = new Map<string, MonitorResponse__Output[]>()
  for await (const figures of editor.watchMetrics({ serviceId: 'user', interval })) {
    expect(figures).toMatchObject({ serviceId: 'user', openStreams: 0 })
    expect(Number(figures.memoryUsage)).toBeGreaterThan(0)
    seen.set(figures.replica, [...(seen.get(figures.replica) ?? []), figures])
    if (seen.size === 2 && [...seen.values()].every(({ length }) => length >= 2)) break
  }
  expect([...seen.keys()].toSorted()).toEqual(['user-1', 'user-2'])
})

test('each request changes what is watched, and half-closed it goes on', async () => {
  const editor = await asEditor()
  let proceed = () => {}
  const send = async function* (): AsyncGenerator<MonitorRequest> {
    yield { serviceId: 'user', interval, metrics: ['METRIC_MEMORY'] }
    await new Promise<void>((resolve) => (proceed = resolve))
    yield { serviceId: 'order', interval }
  }
  const services: string[] = []
  for await (const { serviceId } of editor.monitor(send())) {
    services.push(serviceId)
    if (services.length === 3) proceed()
    if (services.filter((one) => one === 'order').length === 5) break
  }
  expect(services.slice(0, 3)).toEqual(['user', 'user', 'user'])
  // One that was on its way when the request came.
  expect(services.slice(-4)).toEqual(['order', 'order', 'order', 'order'])
})

test('who wants the same shares the streams, which end with the last of them', async () => {
  const before = opened(order)
  const watches = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const editor = await asEditor()
      const stream = editor.watchMetrics({ serviceId: 'order', interval: { seconds: 1 } })
      return stream[Symbol.asyncIterator]()
    }),
  )
  await Promise.all(watches.map((watch) => watch.next()))
  await Promise.all(watches.map((watch) => watch.return!()))
  while (opened(order) === before) await new Promise(setImmediate)
  expect(opened(order)).toBe(before + 1)
})

test('a service that cannot be found does not end the stream', async () => {
  const editor = await asEditor()
  const send = async function* (): AsyncGenerator<MonitorRequest> {
    yield { serviceId: 'upload', interval }
    while (!errors.length) await new Promise(setImmediate)
    yield { serviceId: 'order', interval }
  }
  for await (const { serviceId } of editor.monitor(send())) {
    expect(serviceId).toBe('order')
    break
  }
})

test('for editors, and figures of processes for services only', async () => {
  const viewer = chat.client(ChatService, await identity.token())
  const first = (stream: AsyncIterable<unknown>) => failure(stream[Symbol.asyncIterator]().next())
  const denied = { code: status.PERMISSION_DENIED }
  expect(await first(viewer.watchMetrics({ serviceId: 'user' }))).toMatchObject(denied)
  const admin = users[0]!.client(MetricsService, await identity.token({ role: 'ADMIN' }))
  expect(await first(admin.watchProcessMetrics({}))).toMatchObject(denied)
  const editor = await asEditor()
  expect(await first(editor.watchMetrics({ serviceId: 'envoy' }))).toMatchObject({
    code: status.INVALID_ARGUMENT,
  })
})

test.each([
  ['127.0.0.1:50051', [{ address: '127.0.0.1:50051' }]],
  ['dns:///127.0.0.1:50051', [{ address: '127.0.0.1:50051' }]],
  [
    'dns:localhost:50051',
    [{ address: expect.stringMatching(/^(127.0.0.1|\[::1\]):50051$/), serverName: 'localhost' }],
  ],
  ['ipv4:10.0.0.1:1,10.0.0.2:2', [{ address: '10.0.0.1:1' }, { address: '10.0.0.2:2' }]],
  ['unix:/run/user.sock', [{ address: 'unix:/run/user.sock' }]],
])('the replicas of %s', async (target, replicas) => {
  expect(await replicasOf(target)).toEqual(replicas)
})
