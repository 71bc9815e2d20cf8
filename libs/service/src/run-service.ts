import { hostname } from 'node:os'
import { access, type Verify } from '@quartet/auth'
import {
  assertMigrated,
  createPool,
  isConnectionFailure,
  ping,
  sweepIdempotencyKeys,
} from '@quartet/database'
import { createListener, type Listener } from '@quartet/events'
import { AuthService } from '@quartet/proto/auth'
import type { Service } from '@quartet/proto/contract'
import { MetricsService } from '@quartet/proto/metrics'
import {
  callMetrics,
  createClient,
  createServer,
  implement,
  type CallOptions,
  type Client,
  type ClientOptions,
  type Implementation,
  type Interceptor,
  type LimitOverrides,
} from '@quartet/rpc'
import type { CleanedEnv } from 'envalid'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { loadConfig, type commonSchema } from './config.ts'
import { watchEventLoop } from './event-loop.ts'
import { remoteIdentity, type Identity } from './identity.ts'
import { createLogger } from './logger.ts'
import { callCounter, metricsHandlers } from './metrics/metrics-service.ts'
import { poolMetrics } from './metrics/pool-metrics.ts'
import { processMetrics } from './metrics/process-metrics.ts'
import type { MetricFamily } from './metrics/prometheus.ts'
import { serveMetrics } from './metrics/serve-metrics.ts'
import { run, type Lifecycle } from './run.ts'
import { tlsOf } from './tls.ts'
import { schemaHint } from './schema-hint.ts'
import { startTracing } from './tracing/start-tracing.ts'

/** Each time at most 1,000 of the keys that are more than 24 hours old. */
const sweepEveryMs = 60_000

/** Which service it is. */
export interface Description<S extends typeof commonSchema> {
  /** 'order': in logs, traces, and as the name of its connections to the database. */
  readonly name: string
  /** Its environment: `commonSchema` and what it adds. */
  readonly schema: S
  /** Its `prisma/migrations`. */
  readonly migrations: string
}

/** What a service is built on, ready when its `build` runs. */
export interface Foundation<S extends typeof commonSchema> {
  readonly config: CleanedEnv<S>
  readonly logger: Logger
  /** Its database, with the schema that it was written for. */
  readonly pool: Pool
  /** The process's LISTEN connection, made when somebody first asks for a channel. */
  readonly listener: Listener
  /** As in {@link Lifecycle}: runs when the server has drained, and before the pool ends. */
  readonly onStop: Lifecycle['onStop']
  /** A client of another service, with the TLS and the traces of this one, and closed when it stops. */
  readonly connect: <T extends Service>(
    service: T,
    target: string,
    options?: Omit<ClientOptions<T>, 'target'>,
  ) => Client<T, CallOptions>
  /** What `connect` gives a client, for one that is closed before the service stops. */
  readonly clientOptions: Pick<ClientOptions, 'credentials' | 'interceptors'>
  /** Who calls, and as whom this service calls, by the user service at `target`. For all services but that one. */
  readonly identity: (target: string) => Identity
}

/** What a service is. */
export interface App {
  readonly implementations: readonly Implementation[]
  /** Tells who calls from their token. */
  readonly verify: Verify
  /** What happens around its calls besides what the kit does. */
  readonly interceptors?: readonly Interceptor[]
  /** Figures of its own for /metrics. */
  readonly metrics?: readonly (() => readonly MetricFamily[])[]
}

/**
 * The process of a service, from its environment to its end: what all of them share. `build` makes what is its own.
 *
 * Start: configuration, logs, traces, database, `build`, metrics, server. Stop: the server drains first, the database goes
 * last. A start that fails says why in one line; see {@link run}.
 */
export const runService = <S extends typeof commonSchema>(
  { name, schema, migrations }: Description<S>,
  build: (foundation: Foundation<S>) => Promise<App>,
): void =>
  run(name, async ({ onStop, useLogger }) => {
    const config = loadConfig(schema, process.env)
    // TypeScript cannot see into the environment of a schema that it does not know yet.
    const common = config as unknown as CleanedEnv<typeof commonSchema>
    const logger = createLogger(name, common.LOG_LEVEL)
    const tracing = await startTracing(name, process.env, logger)
    onStop(() => tracing?.stop())
    const tls = await tlsOf(common, logger)
    onStop(() => tls?.stop())

    const pool = createPool({
      url: common.DATABASE_URL,
      name,
      max: common.DATABASE_POOL_SIZE,
      onError: (err) => logger.warn({ err }, 'a connection to the database broke'),
    })
    onStop(() => pool.end())
    const listener = createListener({
      url: common.DATABASE_URL,
      name,
      onError: (err) => logger.warn({ err }, 'the connection that listens broke'),
    })
    onStop(() => listener.close())
    const newer = await assertMigrated(pool, migrations)
    if (newer.length) logger.info({ migrations: newer }, 'the database is newer than this version')
    const sweep = setInterval(() => {
      sweepIdempotencyKeys(pool).catch((err: unknown) => logger.warn({ err }, 'could not sweep old keys'))
    }, sweepEveryMs)
    onStop(() => clearInterval(sweep))

    const metrics = common.METRICS_PORT ? callMetrics() : undefined
    const clientOptions = {
      credentials: tls?.channel,
      interceptors: [...(tracing ? [tracing.client] : []), ...(metrics ? [metrics.client] : [])],
    }
    const connect: Foundation<S>['connect'] = (service, target, options = {}) => {
      const client = createClient(service, {
        ...clientOptions,
        ...options,
        target,
        interceptors: [...clientOptions.interceptors, ...(options.interceptors ?? [])],
      })
      onStop(() => client.close())
      return client
    }
    const secretFile = common.QUARTET_SERVICE_SECRET_FILE
    const identity = (target: string) =>
      remoteIdentity({ auth: connect(AuthService, target), name, secretFile, logger, onStop })
    const app = await build({ config, logger, pool, listener, onStop, connect, clientOptions, identity })

    if (common.METRICS_PORT && metrics) {
      const sources = [metrics.families, processMetrics(), poolMetrics(pool), ...(app.metrics ?? [])]
      const { close } = await serveMetrics({ host: common.HOST, port: common.METRICS_PORT, sources })
      onStop(close)
    }
    const loop = watchEventLoop({ limitMs: common.MAX_EVENT_LOOP_DELAY_MS, logger })
    const replica = hostname()
    const calls = callCounter()
    const server = createServer({
      implementations: [
        ...app.implementations,
        implement(MetricsService, metricsHandlers(calls.counts, replica)),
      ],
      interceptors: [calls.interceptor, schemaHint(name, logger), ...(app.interceptors ?? [])],
      replica,
      access: access(app.verify),
      readiness: async (signal) => {
        loop.assertResponsive()
        await ping(pool, signal)
      },
      isUnavailable: isConnectionFailure,
      limits: common.RPC_LIMITS as LimitOverrides,
      maxCallsInFlight: common.MAX_CALLS_IN_FLIGHT,
      maxUnreadBytes: common.MAX_UNREAD_MIB && common.MAX_UNREAD_MIB * 1024 * 1024,
      trustedProxies: common.TRUSTED_PROXIES ? common.TRUSTED_PROXIES.split(/[\s,]+/) : undefined,
      traces: tracing?.server,
      metrics,
      credentials: tls?.server,
      logger,
    })
    const port = await server.listen(common.HOST, common.PORT)
    if (common.HEALTH_PORT) await server.listenForHealth(common.HOST, common.HEALTH_PORT)
    onStop(() => server.drain({ acceptMs: common.DRAIN_ACCEPT_MS, graceMs: common.DRAIN_GRACE_MS }))
    useLogger(logger)
    logger.info({ host: common.HOST, port, tls: tls !== undefined }, 'listening')
  })
