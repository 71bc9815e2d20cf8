import { status } from '@grpc/grpc-js'
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Health } from '@quartet/proto/grpc'
import { RpcError } from './errors.ts'
import type { Handlers } from './handlers.ts'

/** Resolves when the service can do its work, throws when it cannot. Asked at most once a second. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<void>

export type ServingStatus = 'SERVING' | 'NOT_SERVING'

const checkTimeoutMs = 2_000
const reuseMs = 1_000
const watchEveryMs = 5_000

/**
 * grpc.health.v1.Health. Names: "" and each service's full name (SERVING until the drain), "liveness" (SERVING as long
 * as anything answers), "readiness" (a real question to what the service depends on).
 */
export const createHealth = ({ services, readiness }: { services: string[]; readiness: ReadinessCheck }) => {
  const changes = new EventEmitter().setMaxListeners(0)
  const names = ['', ...services, 'liveness', 'readiness']
  let draining = false
  let lastCheck: { at: number; result: Promise<ServingStatus> } | undefined

  const isReady = () => {
    if (!lastCheck || performance.now() - lastCheck.at > reuseMs)
      lastCheck = {
        at: performance.now(),
        result: readiness(AbortSignal.timeout(checkTimeoutMs)).then(
          () => 'SERVING',
          () => 'NOT_SERVING',
        ),
      }
    return lastCheck.result
  }

  const statusOf = async (name: string): Promise<ServingStatus | undefined> => {
    if (!names.includes(name)) return undefined
    if (name === 'liveness') return 'SERVING'
    if (draining) return 'NOT_SERVING'
    return name === 'readiness' ? isReady() : 'SERVING'
  }

  const handlers: Handlers<typeof Health> = {
    async check({ service }) {
      const current = await statusOf(service)
      if (!current) throw new RpcError(status.NOT_FOUND, 'SERVICE_UNKNOWN', { service })
      return { status: current }
    },

    async list() {
      const statuses: Record<string, { status: ServingStatus }> = {}
      for (const name of names) statuses[name] = { status: (await statusOf(name))! }
      return { statuses }
    },

    /** Sends the status now and whenever it changes; ends with UNAVAILABLE at the end of the drain, as all streams do. */
    async *watch({ service }, { signal }) {
      const drained = once(changes, 'drain', { signal })
      drained.catch(() => {}) // the call is over
      for (let last: string | undefined; ;) {
        const current = (await statusOf(service)) ?? 'SERVICE_UNKNOWN'
        if (current !== last) yield { status: (last = current) as ServingStatus }
        const later = sleep(watchEveryMs, undefined, { signal })
        await (draining ? later : Promise.race([drained, later]))
      }
    },
  }

  return {
    handlers,
    /** From now on NOT_SERVING, but for liveness: a process that drains must not be killed for it. */
    drain() {
      draining = true
      changes.emit('drain')
    },
  }
}
