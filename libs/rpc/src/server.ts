import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { hostname } from 'node:os'
import type { Method, Service } from '@quartet/proto/contract'
import { Health } from '@quartet/proto/grpc'
import type { Logger } from 'pino'
import { clientAddress } from './client-address.ts'
import { drain, type DrainTimes } from './drain.ts'
import type { AnyHandler } from './handlers.ts'
import { createHealth, type ReadinessCheck } from './health.ts'
import { implement, type Implementation } from './implementation.ts'
import { isInfrastructure, withPolicy } from './infrastructure.ts'
import { allAround, type Interceptor } from './interceptor.ts'
import { deadline } from './interceptors/deadline.ts'
import { inFlight } from './interceptors/in-flight.ts'
import { assertLimits, limits, type LimitOverrides } from './interceptors/limits.ts'
import { logLine } from './interceptors/log-line.ts'
import type { CallMetrics } from './interceptors/metrics.ts'
import { shortenTimeouts } from './long-timeouts.ts'
import { reflection } from './reflection.ts'
import { ServerCall, type CallEnvironment } from './server-call.ts'
import { logRefused } from './tls/log-refused.ts'
import { defaultUnreadBytes, unreadLimit } from './unread-limit.ts'
import { raiseReceiveWindow } from './window.ts'

export interface ServerOptions {
  readonly implementations: readonly Implementation[]
  /** Sets the caller and refuses those whom the contract does not let in: `access()` of libs/auth. */
  readonly access: Interceptor
  /** Interceptors of your own. They run after the kit's, and not for health and reflection. */
  readonly interceptors?: readonly Interceptor[]
  /** Throws while the service cannot do its work; behind the health service's name "readiness". */
  readonly readiness: ReadinessCheck
  readonly logger: Logger
  /**
   * Tells the errors that mean that a database or the like is away from those of the code: they are answered with
   * UNAVAILABLE in place of INTERNAL.
   */
  readonly isUnavailable?: (error: unknown) => boolean
  /** Limits that differ from the contract's defaults. */
  readonly limits?: LimitOverrides
  /** Calls open at once, streams included; those past it are refused with RESOURCE_EXHAUSTED. No limit unless given. */
  readonly maxCallsInFlight?: number
  /**
   * Bytes of requests that all calls together may have been sent and not have read; a quarter of the memory that the
   * process may use, 256 MiB at most, unless given.
   */
  readonly maxUnreadBytes?: number | undefined
  /** Addresses and networks ("10.0.0.0/8") whose x-forwarded-for is believed; private ones unless given. */
  readonly trustedProxies?: readonly string[]
  /** Milliseconds of silence after which a peer is asked whether it is still there; 30,000 unless given. */
  readonly keepaliveMs?: number
  /** Leaves a span for each call: `traces(tracer)` of @quartet/rpc/traces. Without it nothing of OpenTelemetry is loaded. */
  readonly traces?: Interceptor
  /** Counts the calls. */
  readonly metrics?: CallMetrics
  /** TLS, as `tlsCredentials` gives it; plaintext unless given. */
  readonly credentials?: ServerCredentials | undefined
  /** Names this process in the trailer x-quartet-replica; the host's name, which in Kubernetes is the pod's. */
  readonly replica?: string
}

export interface RpcServer {
  /**
   * Starts to accept calls; resolves to the port, a free one where `port` is 0.
   * @throws Error (EADDRINUSE and the like in its message)
   */
  listen(host: string, port: number): Promise<number>
  /**
   * The same for a second listener, in plaintext whatever the credentials, that answers health checks and nothing
   * else: for those who bring no certificate, such as a kubelet. It answers until the drain is over.
   */
  listenForHealth(host: string, port: number): Promise<number>
  /** Stops without failing a call that can still be answered; see drain.ts for the order. Never throws. */
  drain(times: DrainTimes): Promise<void>
  /** Stops at once. */
  close(): void
}

/**
 * A gRPC server whose methods, limits, times and access come from the contract, with health and reflection.
 * @throws Error in one line when `limits` names what is not served here, or `trustedProxies` what is no address.
 */
export const createServer = (options: ServerOptions): RpcServer => {
  const { implementations, logger } = options
  const health = createHealth({
    services: implementations.map(({ service }) => service.name),
    readiness: options.readiness,
  })
  // The order is the order in which a call passes them. Validation follows, with each message (codec.ts), and
  // whatever is thrown anywhere becomes a status in one place (errors.ts).
  const own = [
    logLine(logger),
    options.traces,
    options.metrics?.server,
    inFlight(options.maxCallsInFlight ?? Infinity),
    deadline,
    options.access,
    limits(options.limits),
  ].filter((one) => one !== undefined)
  const open = new Set<ServerCall>()
  const environment: CallEnvironment = {
    ...composed([...own, ...(options.interceptors ?? [])]),
    logger,
    isUnavailable: options.isUnavailable ?? (() => false),
    ownTrailers: trailersOf(options.replica ?? hostname()),
    open,
    unread: unreadLimit(options.maxUnreadBytes ?? defaultUnreadBytes(), open),
    clientAddress: clientAddress(options.trustedProxies),
  }
  // Interceptors of others do not see health and reflection: what refuses an old client must not refuse a probe.
  const forInfrastructure: CallEnvironment = { ...environment, ...composed(own) }
  const methods = new Map<string, { method: Method; handler: AnyHandler | undefined }>()
  const driver: ServerInterceptor = ({ path }, base) => {
    const { method, handler } = methods.get(path)!
    return new ServerCall(base, method, handler, isInfrastructure(method) ? forInfrastructure : environment)
  }
  const serve = (served: readonly Implementation[]): Server => {
    const server = new Server({
      ...channelOptions,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? 30_000,
      interceptors: [driver],
    })
    for (const { service, handlers } of served) {
      for (const method of service.methods)
        methods.set(method.path, { method: withPolicy(method), handler: handlers[method.localName] })
      server.addService(passThrough(service), unreached(service))
    }
    return server
  }

  const healthService = implement(Health, health.handlers)
  const server = serve([
    ...implementations,
    healthService,
    ...reflection(implementations.map(({ service }) => service)),
  ])
  const raiseWindowOfListeners = raiseReceiveWindow(server)
  const healthServer = serve([healthService])

  assertLimits(options.limits ?? {}, new Set(methods.keys()))

  return {
    async listen(host, port) {
      const bound = await bind(server, host, port, options.credentials)
      raiseWindowOfListeners()
      logRefused(server, logger)
      return bound
    },
    listenForHealth: (host, port) => bind(healthServer, host, port),
    drain: (times) => drain({ server, healthServer, health, open, logger }, times),
    close() {
      server.forceShutdown()
      healthServer.forceShutdown()
    },
  }
}

const bind = async (
  server: Server,
  host: string,
  port: number,
  credentials = ServerCredentials.createInsecure(),
): Promise<number> => {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  shortenTimeouts(server)
  return bound
}

const composed = (interceptors: readonly Interceptor[]) => ({ interceptors, around: allAround(interceptors) })

const trailersOf = (replica: string): Metadata => {
  const trailers = new Metadata()
  trailers.set('x-quartet-replica', replica)
  return trailers
}

const channelOptions = {
  // A connection carries one caller's calls, or a proxy's for many; 5,000 streams on one were accepted without this.
  'grpc.max_concurrent_streams': 1000,
  // Clients of a headless Service look for new replicas only when a connection ends.
  'grpc.max_connection_age_ms': 5 * 60_000,
  // Peers that vanished without a word do not answer within this.
  'grpc.keepalive_timeout_ms': 10_000,
}

/** The definition as grpc-js needs it to hand over bytes: on the wire all four kinds look the same. */
const passThrough = (service: Service): ServiceDefinition =>
  Object.fromEntries(
    service.methods.map(({ name, path }) => [
      name,
      {
        path,
        requestStream: true,
        responseStream: true,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    ]),
  )

const bytes = (value: Buffer) => value

/** grpc-js wants a handler for each method; the driver never lets a call get to one. */
const unreached = (service: Service) =>
  Object.fromEntries(service.methods.map(({ name }) => [name, () => {}]))
