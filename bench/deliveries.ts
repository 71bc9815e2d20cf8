import type { Variant } from './compare.ts'
import { connect } from './load.ts'
import { cpuPer, type Measured } from './process.ts'
import { openReaders } from './readers.ts'

export interface Room {
  readonly path: string
  /** Subscribes to it. */
  readonly request: Buffer
  readonly readers: number
  /** Says so many messages in it. */
  readonly say: (messages: number) => Promise<unknown>
}

/** So many at a time, then all readers are waited for: nobody falls behind. */
const messages = 20

/** The server's CPU for one message to one of the readers of a room, all on one connection, as behind a proxy. */
export const deliveries = async (
  name: string,
  server: Measured,
  { path, request, readers, say }: Room,
): Promise<Variant & { close(): Promise<void> }> => {
  const client = connect(server.port)
  const all = await openReaders([client], { path, request, count: readers })
  const deliver = async () => {
    const delivered = all.received(messages)
    await say(messages)
    await delivered
  }
  return {
    name,
    measure: () => cpuPer(server, readers * messages, deliver),
    close() {
      client.close()
      return server.stop()
    },
  }
}
