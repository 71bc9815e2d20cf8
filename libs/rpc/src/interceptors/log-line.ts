import { status } from '@grpc/grpc-js'
import type { Logger } from 'pino'
import { RpcError } from '../errors.ts'
import type { Interceptor } from '../interceptor.ts'
import { isInfrastructure } from '../infrastructure.ts'

/** What the caller did or chose: worth a line, not an alarm. Everything else that fails is the service's own doing. */
const serverFaults = new Set([status.UNKNOWN, status.INTERNAL, status.DATA_LOSS, status.UNIMPLEMENTED])

/** What another service or the database did to it, which is the error's cause. */
const dependencyFaults = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED])

/**
 * One log line for each call, when it is over. Its field names are fixed: method, traceId, kind, code, durationMs,
 * received and sent (messages), callerId; err where the fault is ours or a dependency's. Nothing of metadata or messages is in it.
 * Calls of the infrastructure (health, reflection) come every second and log at debug.
 */
export const logLine = (logger: Logger): Interceptor => ({
  onEnd(call, { code, error }) {
    const fault = serverFaults.has(code)
    const level = fault ? 'error' : isInfrastructure(call.method) ? 'debug' : 'info'
    if (!logger.isLevelEnabled(level)) return
    // Not the call's own logger: to make one costs as much as the line.
    logger[level](
      {
        method: call.method.path,
        traceId: call.traceId,
        kind: call.method.kind,
        code: status[code],
        durationMs: Math.round((performance.now() - call.startedAt) * 1000) / 1000,
        received: call.received,
        sent: call.sent,
        callerId: call.caller.kind === 'anonymous' ? undefined : call.caller.id,
        err: fault || (dependencyFaults.has(code) && isOfAnother(error)) ? error : undefined,
      },
      'call',
    )
  },
})

/** Whether there is more to an error than what the kit or a handler said of the call itself. */
const isOfAnother = (error: unknown) => !(error instanceof RpcError) || error.cause !== undefined
