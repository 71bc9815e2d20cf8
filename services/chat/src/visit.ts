import type { RpcError, Caller } from '@quartet/rpc'
import type { Doorkeeper } from './doorkeeper.ts'
import type { Enter } from './enter.ts'
import type { Entry, LiveRooms } from './live-rooms.ts'
import type { PresenceBoard, PresenceResponse } from './presence.ts'

export interface Visit {
  readonly roomId: string
  readonly caller: Caller
  /** Goes on after this message; undefined: only with what comes from now on. */
  readonly afterSequence: string | undefined
  /** Leaves the room. */
  readonly signal: AbortSignal
  /** Milliseconds between two calls of `onHeartbeat`, of which the first comes at once. */
  readonly heartbeatMs: number
  /** The caller is in; the messages after `after` follow when it resolves. */
  readonly onEntered?: (room: { lastSequence: number; after: number }) => Promise<void> | undefined
  /** The next message waits until it resolves. */
  readonly onMessage: (entry: Entry) => Promise<void> | undefined
  readonly onPresence: (presence: PresenceResponse) => void
  readonly onHeartbeat?: () => Promise<void> | undefined
}

export type Visitor = ReturnType<typeof visitor>

/**
 * What a stream does in a room, from entering to leaving: it gets the messages, hears who else is there, and is shown out
 * when its caller may not be in any more.
 */
export const visitor =
  ({
    enter,
    live,
    presence,
    doorkeeper,
  }: {
    readonly enter: Enter
    readonly live: LiveRooms
    readonly presence: PresenceBoard
    readonly doorkeeper: Doorkeeper
  }) =>
  /**
   * Resolves when the signal aborts.
   * @throws RpcError NOT_FOUND ROOM_NOT_FOUND for who may not enter, or not any more; what reading failed with.
   */
  async ({ roomId, caller, afterSequence, signal, heartbeatMs, ...on }: Visit): Promise<void> => {
    let shownOut: RpcError | undefined
    const end = new AbortController()
    const onAbort = () => end.abort()
    signal.addEventListener('abort', onAbort)
    // Watched first: who is shown out while this enters is not forgotten.
    const unwatch = doorkeeper.watch(roomId, caller, (error) => {
      shownOut = error
      end.abort()
    })
    let leave = () => {}
    try {
      await enter(roomId, caller)
      const lastSequence = await live.lastSequence(roomId)
      // Who is ahead of the room has seen one that is not there any more, of a database that was restored.
      const after = Math.min(Number(afterSequence ?? lastSequence), lastSequence)
      await on.onEntered?.({ lastSequence, after })
      if (signal.aborted) return
      if (caller.kind === 'person')
        leave = presence.enter(roomId, caller.id, (response, userId) => {
          if (userId !== caller.id) on.onPresence(response)
        })
      await live.each(roomId, after, { signal: end.signal, heartbeatMs }, on.onMessage, on.onHeartbeat)
      if (shownOut && !signal.aborted) throw shownOut
    } finally {
      leave()
      unwatch()
      signal.removeEventListener('abort', onAbort)
    }
  }
