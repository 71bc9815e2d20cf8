import { createHistogram, record } from '@quartet/rpc'

/** Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface Read {
  readonly entries: readonly { readonly delayMs: number }[]
  readonly heldBackMs?: number
}

/** How far a feed is behind what happens, as this process sees it while somebody follows. */
export const feedMetrics = (name: string) => {
  const labels = { feed: name }
  const delay = createHistogram(buckets)
  let heldBackSeconds = 0
  let followers = 0
  return {
    joined: () => followers++,
    left() {
      if (--followers === 0) heldBackSeconds = 0
    },
    read({ entries, heldBackMs = 0 }: Read): void {
      for (const { delayMs } of entries) record(delay, delayMs / 1000)
      heldBackSeconds = heldBackMs / 1000
    },
    families: () => [
      {
        type: 'histogram' as const,
        name: 'quartet.events.delay',
        unit: 's' as const,
        help: 'From when an event was written to when it was read for its followers',
        points: [{ labels, value: delay }],
      },
      {
        type: 'gauge' as const,
        name: 'quartet.events.held_back',
        unit: 's' as const,
        help: 'Age of the oldest committed event that an older open transaction holds back; 0 without one',
        points: [{ labels, value: heldBackSeconds }],
      },
      {
        type: 'gauge' as const,
        name: 'quartet.events.followers',
        help: 'Streams that follow the feed',
        points: [{ labels, value: followers }],
      },
    ],
  }
}
