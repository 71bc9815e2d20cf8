import type { ChatService, MonitorRequest__Output, WatchMetricsRequest__Output } from '@quartet/proto/chat'
import type { Handlers } from '@quartet/rpc'
import { latest } from './latest.ts'
import type { Figures, ServiceId, Wanted, WatchedReplicas } from './watched-replicas.ts'

const defaultIntervalMs = 1_000

export const monitorHandlers = (
  replicas: WatchedReplicas,
): Pick<Handlers<typeof ChatService>, 'monitor' | 'watchMetrics'> => ({
  /** Half-closed, it goes on with what was asked for last. */
  monitor: (requests, { signal }) =>
    latest<Figures>(signal, (set) => {
      let stop = () => {}
      const listen = async () => {
        for await (const request of requests) {
          stop()
          stop = replicas.watch(wantedOf(request), (figures, address) => set(address, figures))
        }
      }
      // A stream of requests that fails has ended the call.
      listen().catch(() => {})
      return () => stop()
    }),

  watchMetrics: (request, { signal }) =>
    latest<Figures>(signal, (set) =>
      replicas.watch(wantedOf(request), (figures, address) => set(address, figures)),
    ),
})

const wantedOf = ({
  serviceId,
  metrics,
  interval,
}: MonitorRequest__Output | WatchMetricsRequest__Output): Wanted => ({
  serviceId: serviceId as ServiceId, // the contract lets no other pass
  metrics,
  intervalMs: interval ? Number(interval.seconds) * 1000 + interval.nanos / 1e6 : defaultIntervalMs,
})
