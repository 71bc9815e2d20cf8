import { status, type Server } from '@grpc/grpc-js'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { RpcError } from './errors.ts'
import type { ServerCall } from './server-call.ts'

export interface DrainTimes {
  /** Milliseconds in which calls are still accepted, so that balancers notice NOT_SERVING first. */
  readonly acceptMs: number
  /** Milliseconds for what runs to finish. The pod's grace must exceed the sum of the two. */
  readonly graceMs: number
}

interface Draining {
  readonly server: Server
  /** Answers health checks, and nothing else, until all of it is over. */
  readonly healthServer: Server
  readonly health: { drain(): void }
  readonly open: ReadonlySet<ServerCall>
  readonly logger: Logger
}

/** For the streams of health checks to hear that it is over. */
const healthGraceMs = 500

/**
 * Stops a server in the order in which nobody notices: tell the balancers, go on accepting until they have heard,
 * let unary calls finish and tell streams to go on elsewhere, then cut what is left.
 */
export const drain = async (
  { server, healthServer, health, open, logger }: Draining,
  { acceptMs, graceMs }: DrainTimes,
) => {
  health.drain()
  logger.info({ acceptMs }, 'drain: NOT_SERVING, still accepting')
  await sleep(acceptMs)

  const stopped = shutDown(server)
  // tryShutdown waits for open streams for ever, and a stream that follows something never ends by itself.
  const streams = [...open].filter(({ method }) => method.kind !== 'unary')
  for (const stream of streams) stream.fail(new RpcError(status.UNAVAILABLE, 'DRAINING'))
  logger.info({ streams: streams.length, calls: open.size }, 'drain: streams ended, calls finishing')

  const inTime = await Promise.race([stopped, sleep(graceMs, false, { ref: false })])
  if (!inTime) for (const call of open) call.fail(new RpcError(status.UNAVAILABLE, 'DRAINING'))
  server.forceShutdown()
  // Its streams have been told; a client that does not hang up is not waited for.
  await Promise.race([shutDown(healthServer), sleep(healthGraceMs, undefined, { ref: false })])
  healthServer.forceShutdown()
  logger.info({ cut: !inTime }, 'drain: done')
}

/** Resolves when every call has ended and every connection is closed. */
const shutDown = (server: Server) => new Promise<true>((resolve) => server.tryShutdown(() => resolve(true)))
