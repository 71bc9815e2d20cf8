import { setTimeout as sleep } from 'node:timers/promises'
import {
  MetricsService,
  type Metric__Output,
  type WatchProcessMetricsResponse__Output,
} from '@quartet/proto/metrics'
import { createClient, follow, type ClientOptions } from '@quartet/rpc'
import { replicasOf, type Replica } from './replicas-of.ts'

export const serviceIds = ['user', 'order', 'upload', 'chat'] as const
export type ServiceId = (typeof serviceIds)[number]

/** What somebody wants to see. */
export interface Wanted {
  readonly serviceId: ServiceId
  /** Empty: all. */
  readonly metrics: readonly Metric__Output[]
  readonly intervalMs: number
}

export interface Figures extends WatchProcessMetricsResponse__Output {
  readonly serviceId: ServiceId
}

/** Hears figures of a replica, which is told from others by its address. */
export type Hear = (figures: Figures, address: string) => void

/** Milliseconds after which a service is looked up again, for replicas that came or went. */
const lookupMs = 5_000

export type WatchedReplicas = ReturnType<typeof watchedReplicas>

/**
 * Figures of all replicas of the suite's services. Whoever wants the same shares one stream from each replica, so that many
 * who watch are no more work for those they watch.
 */
export const watchedReplicas = ({
  targets,
  clientOptions,
  onError,
}: {
  readonly targets: Readonly<Record<ServiceId, string>>
  /** Of clients that call as this service. */
  readonly clientOptions: Pick<ClientOptions, 'credentials' | 'interceptors' | 'token'>
  /** Hears of a service or a replica that cannot be asked, which is tried again. */
  readonly onError: (error: unknown, serviceId: ServiceId) => void
}) => {
  const shared = new Map<string, { readonly hearers: Set<Hear>; readonly stop: AbortController }>()

  /** Follows one replica until the signal aborts or its stream cannot go on. */
  const followOne = async (
    { serviceId, metrics, intervalMs }: Wanted,
    { address, serverName }: Replica,
    hear: Hear,
    signal: AbortSignal,
  ) => {
    const client = createClient(MetricsService, { ...clientOptions, target: address, serverName })
    const interval = { seconds: Math.floor(intervalMs / 1000), nanos: Math.round((intervalMs % 1000) * 1e6) }
    try {
      const stream = follow(() => client.watchProcessMetrics({ metrics: [...metrics], interval }), {
        cursorOf: () => undefined,
        signal,
      })
      for await (const figures of stream) hear({ serviceId, ...figures }, address)
    } catch (error) {
      onError(error, serviceId)
    } finally {
      client.close()
    }
  }

  /** Follows all replicas that there are at a time. */
  const followAll = async (wanted: Wanted, hear: Hear, signal: AbortSignal) => {
    const followed = new Map<string, AbortController>()
    while (!signal.aborted) {
      try {
        const replicas = await replicasOf(targets[wanted.serviceId])
        const addresses = new Set(replicas.map(({ address }) => address))
        for (const [address, leave] of followed) if (!addresses.has(address)) leave.abort()
        for (const replica of replicas) {
          if (followed.has(replica.address)) continue
          const leave = new AbortController()
          followed.set(replica.address, leave)
          void followOne(wanted, replica, hear, AbortSignal.any([signal, leave.signal])).then(() =>
            followed.delete(replica.address),
          )
        }
      } catch (error) {
        onError(error, wanted.serviceId)
      }
      await sleep(lookupMs, undefined, { signal }).catch(() => {})
    }
  }

  return {
    /** Calls `hear` with figures as they come. Returns what ends that. */
    watch(wanted: Wanted, hear: Hear): () => void {
      const key = JSON.stringify(wanted)
      let one = shared.get(key)
      if (!one) {
        const hearers = new Set<Hear>()
        const stop = new AbortController()
        shared.set(key, (one = { hearers, stop }))
        const hearAll: Hear = (figures, address) => {
          for (const hearer of hearers) hearer(figures, address)
        }
        void followAll(wanted, hearAll, stop.signal)
      }
      const { hearers, stop } = one
      hearers.add(hear)
      return () => {
        hearers.delete(hear)
        if (hearers.size) return
        stop.abort()
        if (shared.get(key)?.stop === stop) shared.delete(key)
      }
    },

    /** Ends all watching. */
    close: (): void => {
      for (const { stop } of shared.values()) stop.abort()
      shared.clear()
    },
  }
}
