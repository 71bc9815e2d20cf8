import type { MetricFamily } from './prometheus.ts'

/** The connections of a pool of `pg`, and who waits for one. */
export const poolMetrics =
  (pool: {
    readonly totalCount: number
    readonly idleCount: number
    readonly waitingCount: number
  }): (() => MetricFamily[]) =>
  () => [
    {
      type: 'gauge',
      name: 'quartet.database.connections',
      help: 'Connections to the database',
      points: [
        { labels: { state: 'idle' }, value: pool.idleCount },
        { labels: { state: 'used' }, value: pool.totalCount - pool.idleCount },
      ],
    },
    {
      type: 'gauge',
      name: 'quartet.database.waiting',
      help: 'Queries that wait for a connection',
      points: [{ labels: {}, value: pool.waitingCount }],
    },
  ]
