import type { Client } from '@grpc/grpc-js'
import { read } from './load.ts'

/** Streams of one request that are open at once; what they get is counted, and not looked at. */
export interface Readers {
  /** Resolves when each has got so many more messages than when it was called. */
  received(messages: number): Promise<void>
}

/**
 * Opens streams on the clients by turns, and waits for the first message of each: a greeting, or a heartbeat. From there on
 * nothing is missed.
 *
 * @param onMessage hears of each message behind the first.
 */
export const openReaders = async (
  clients: readonly Client[],
  { path, request, count }: { path: string; request: Buffer; count: number },
  onMessage: () => void = () => {},
): Promise<Readers> => {
  let missing = 0
  let arrived = () => {}
  const expect = (messages: number) => {
    missing = messages * count
    return new Promise<void>((resolve) => (arrived = resolve))
  }
  const greeted = expect(1)
  for (let i = 0; i < count; i++) {
    let first = true
    const stream = read(clients[i % clients.length]!, path, request, () => {
      if (!first) onMessage()
      first = false
      if (--missing === 0) arrived()
    })
    stream.catch(() => {}) // the end cuts it
  }
  await greeted
  return { received: expect }
}
