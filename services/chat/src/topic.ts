import { randomUUID } from 'node:crypto'
import { createNotifier, type Listener } from '@quartet/events'
import type { Pool } from 'pg'

export interface TopicOptions {
  readonly pool: Pool
  readonly listener: Listener
  readonly channel: string
  /** Hears of what could not be told to the other replicas. */
  readonly onError: (error: unknown) => void
}

/** Told of a payload, by this replica or another; without one where any number of them may have been missed. */
export type Hear = (payload?: string) => void

export type Topic = ReturnType<typeof createTopic>

/**
 * What the replicas of the service tell each other: this one hears it at once, the others over LISTEN/NOTIFY. It may be
 * lost on the way, so it is a hint, or something that does not matter much.
 */
export const createTopic = ({ pool, listener, channel, onError }: TopicOptions) => {
  const here = randomUUID()
  const notify = createNotifier({ pool, channel, onError })
  const hearers = new Set<Hear>()
  const hear = (payload?: string) => {
    for (const one of hearers) one(payload)
  }
  const close = listener.listen(channel, (notification) => {
    if (notification === undefined) return hear()
    if (!notification.startsWith(here)) hear(notification.slice(here.length))
  })
  return {
    /** @param payload at most 7,900 bytes. What is told again while it is on its way goes out once. */
    tell: (payload: string): void => {
      hear(payload)
      notify(here + payload)
    },
    /** Returns what ends the hearing. */
    hear(one: Hear): () => void {
      hearers.add(one)
      return () => void hearers.delete(one)
    },
    close,
  }
}
