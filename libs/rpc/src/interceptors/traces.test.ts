import { Metadata, status } from '@grpc/grpc-js'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { Health } from '@quartet/proto/grpc'
import { UserService } from '@quartet/proto/user'
import { createClient } from '../client/client.ts'
import { RpcError } from '../errors.ts'
import { collect, failure, serve, userId } from '../testing/serve.ts'
import { clientTraces } from './client-traces.ts'
import { traces } from './traces.ts'

const spans = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] })
const tracer = provider.getTracer('test')
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())

const open: { close(): void }[] = []
const closing = <T extends { close(): void }>(one: T): T => {
  open.push(one)
  return one
}
const serving = async (...of: Parameters<typeof serve>) => closing(await serve(...of))
afterEach(() => {
  for (const one of open.splice(0)) one.close()
  spans.reset()
})

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traced = () => {
  const metadata = new Metadata()
  metadata.set('traceparent', `00-${traceId}-b7ad6b7169203331-01`)
  return { metadata }
}
const activeSpan = () => trace.getActiveSpan()?.spanContext().spanId
/** Every turn of a handler that waits for something else is a chance to lose the context. */
const later = () => new Promise((resolve) => setTimeout(resolve, 1))

test('each kind of handler runs within its call’s span, from its first line to its last', async () => {
  const active: (string | undefined)[] = []
  const look = async () => {
    active.push(activeSpan())
    await later()
    active.push(activeSpan())
  }
  const served = await serving(
    {
      async getUser() {
        await look()
        return {}
      },
      async *streamUsers() {
        for (let i = 0; i < 3; i++) {
          await look()
          yield {}
        }
      },
      async batchCreateUsers(requests) {
        for await (const _ of requests) await look()
        return {}
      },
      async *syncUsers(requests) {
        for await (const { sequence } of requests) {
          await look()
          yield { sequence }
        }
      },
    },
    { traces: traces(tracer) },
  )
  async function* repeated<T>(request: T) {
    for (let i = 0; i < 3; i++) yield request
  }
  await served.client.getUser({ userId }, traced())
  await collect(served.client.streamUsers({}, traced()))
  await served.client.batchCreateUsers(repeated({ user: { name: 'n', email: 'e@example.org' } }), traced())
  await collect(served.client.syncUsers(repeated({ sequence: '1', update: { user: {} } }), traced()))

  const finished = spans.getFinishedSpans()
  expect(finished.map(({ name }) => name)).toEqual(
    ['GetUser', 'StreamUsers', 'BatchCreateUsers', 'SyncUsers'].map(
      (name) => `quartet.user.v1.UserService/${name}`,
    ),
  )
  const [unary, ...streams] = finished.map((span) => span.spanContext().spanId)
  expect(active).toEqual([unary, unary, ...streams.flatMap((id) => Array<string>(6).fill(id))])
})

test('a span names its call and caller, the answer and the log name the span', async () => {
  const served = await serving(
    {
      async getUser() {
        throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND')
      },
      async deleteUser() {
        throw new Error('a bug')
      },
    },
    { traces: traces(tracer) },
  )
  let trailers = new Metadata()
  const onTrailers = (sent: Metadata) => (trailers = sent)
  await failure(served.client.getUser({ userId }, { ...traced(), onTrailers }))
  await failure(served.client.deleteUser({ userId }))

  const [known, root] = spans.getFinishedSpans()
  expect(known).toMatchObject({
    kind: SpanKind.SERVER,
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'rpc.system.name': 'grpc',
      'rpc.method': 'quartet.user.v1.UserService/GetUser',
      'rpc.status_code': 'NOT_FOUND',
    },
    parentSpanContext: { traceId, spanId: 'b7ad6b7169203331' },
  })
  expect(trailers.get('traceresponse')).toEqual([`00-${traceId}-${known!.spanContext().spanId}-01`])
  expect(root).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'rpc.status_code': 'INTERNAL', 'error.type': 'INTERNAL' },
  })
  expect(root!.parentSpanContext).toBeUndefined()
  expect(served.lines.map((line) => line['traceId'])).toEqual([traceId, root!.spanContext().traceId])
})

test('a call made for another hangs below it, and what it is answered by below that', async () => {
  const back = await serving(
    {
      async getUser() {
        throw new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND')
      },
    },
    { traces: traces(tracer) },
  )
  const toBack = closing(
    createClient(UserService, { target: back.target, interceptors: [clientTraces(tracer)] }),
  )
  const front = await serving(
    {
      async getUser(request, context) {
        await later()
        await failure(toBack.getUser(request, { parent: context }))
        return {}
      },
    },
    { traces: traces(tracer) },
  )
  await front.client.getUser({ userId })
  const [served, made, outer] = spans.getFinishedSpans()
  expect([served!.kind, made!.kind, outer!.kind]).toEqual([SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER])
  expect(served!.parentSpanContext!.spanId).toBe(made!.spanContext().spanId)
  expect(made!.parentSpanContext!.spanId).toBe(outer!.spanContext().spanId)
  expect(made).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: {
      'rpc.status_code': 'NOT_FOUND',
      'server.address': '127.0.0.1',
      'server.port': back.port,
    },
  })
})

test('health leaves no span, and without a tracer no call does', async () => {
  const withTracer = await serving({}, { traces: traces(tracer) })
  const health = closing(createClient(Health, { target: withTracer.target }))
  await health.check({ service: '' })
  const without = await serving({ getUser: async () => ({ user: { name: activeSpan() ?? 'none' } }) })
  let trailers = new Metadata()
  const { user } = await without.client.getUser(
    { userId },
    { ...traced(), onTrailers: (sent) => (trailers = sent) },
  )
  expect(user!.name).toBe('none')
  expect(trailers.get('traceresponse')).toEqual([])
  expect(spans.getFinishedSpans()).toEqual([])
})
