import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { AuthService } from '@quartet/proto/auth'
import { UserService } from '@quartet/proto/user'
import { createClient } from '@quartet/rpc'
import { failure, freePort, metadata, testDatabase } from '@quartet/testing'

// The service as it runs, with all of its telemetry on.

const database = await testDatabase({ migrations: join(import.meta.dirname, '../prisma/migrations') })
const directory = mkdtempSync(join(tmpdir(), 'quartet-telemetry-'))
const keySecret = join(directory, 'key-secret')
writeFileSync(keySecret, 's'.repeat(32))
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
  await database.drop()
})

const listen = async (server: Server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status: { code: number }
  attributes: { key: string; value: { stringValue?: string } }[]
}
type Attributes = Span['attributes']

/** A collector that speaks OTLP over HTTP in JSON, and keeps what it is sent. */
const collector = async () => {
  const requests: { headers: IncomingMessage['headers']; resource: Attributes; spans: Span[] }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (data: Buffer) => (body += data.toString()))
    request.on('end', () => {
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans)
        requests.push({
          headers: request.headers,
          resource: resource.attributes,
          spans: scopeSpans.flatMap(({ spans }: { spans: Span[] }) => spans),
        })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  return { requests, port: await listen(server), close: () => server.close() }
}

const startService = async (environment: Record<string, string>) => {
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      PORT: String(port),
      DRAIN_ACCEPT_MS: '0',
      QUARTET_KEY_SECRET_FILE: keySecret,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let stdout = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  const ended = once(child, 'close')
  const log = () =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  while (!stdout.includes('"listening"')) await once(child.stdout, 'data')
  return {
    target: `127.0.0.1:${port}`,
    log,
    async stop() {
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
    },
  }
}

const value = (attributes: Attributes, name: string) =>
  attributes.find(({ key }) => key === name)?.value.stringValue

test('a call leaves a span, a log line and its figures, and a stop loses none of them', async () => {
  const otlp = await collector()
  const metricsPort = await freePort()
  const service = await startService({
    METRICS_PORT: String(metricsPort),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlp.port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=abc',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const auth = createClient(AuthService, { target: service.target })
  const users = createClient(UserService, { target: service.target })
  let traceresponse: unknown
  await auth.getJwks(
    {},
    {
      metadata: metadata({ traceparent: `00-${traceId}-b7ad6b7169203331-01` }),
      onTrailers: (trailers) => ([traceresponse] = trailers.get('traceresponse')),
    },
  )
  expect(await failure(users.listUsers({}))).toMatchObject({ code: status.UNAUTHENTICATED })

  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  for (const line of [
    'grpc_server_call_started_total{grpc_method="quartet.auth.v1.AuthService/GetJwks"} 1',
    'grpc_server_call_duration_seconds_count{grpc_method="quartet.auth.v1.AuthService/GetJwks",grpc_status="OK"} 1',
    'grpc_server_call_duration_seconds_count{grpc_method="quartet.user.v1.UserService/ListUsers",grpc_status="UNAUTHENTICATED"} 1',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toMatch(/^quartet_database_connections\{state="idle"\} \d+$/m)
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m)
  // What is no comment is a name, labels and a number, and each name has been declared.
  const families = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name))
  for (const line of text
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'))) {
    const [, name] = /^([a-z_\d]+)(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? [\d.e+-]+$/.exec(line) ?? []
    expect(families).toContain(families.has(name) ? name : name?.replace(/_(bucket|sum|count)$/, ''))
  }

  // Spans wait up to five seconds for company, lines half a second: the stop sends both.
  auth.close()
  users.close()
  await service.stop()
  const { headers, resource } = otlp.requests[0]!
  expect(headers['api-key']).toBe('abc')
  expect(value(resource, 'service.name')).toBe('user')
  expect(value(resource, 'deployment.environment.name')).toBe('test')
  const [jwks, list] = otlp.requests.flatMap(({ spans }) => spans)
  expect(jwks).toMatchObject({
    name: 'quartet.auth.v1.AuthService/GetJwks',
    kind: 2,
    traceId,
    parentSpanId: 'b7ad6b7169203331',
    status: { code: 0 },
  })
  expect(value(jwks!.attributes, 'rpc.status_code')).toBe('OK')
  expect(traceresponse).toBe(`00-${traceId}-${jwks!.spanId}-01`)
  expect(value(list!.attributes, 'rpc.status_code')).toBe('UNAUTHENTICATED')
  expect(list!.parentSpanId).toBeUndefined()
  const calls = service.log().filter(({ msg }) => msg === 'call')
  expect(calls.map((call) => call['traceId'])).toEqual([traceId, list!.traceId])
  expect(service.log().at(-1)).toMatchObject({ msg: 'stopped', service: 'user' })
  otlp.close()
})

test('a collector that is not there does not hold up the end, and is a warning', async () => {
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` })
  const auth = createClient(AuthService, { target: service.target })
  await auth.getJwks({})
  auth.close()
  await service.stop()
  expect(service.log()).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      msg: 'OpenTelemetry: the last spans could not be sent in time',
    }),
  )
})
