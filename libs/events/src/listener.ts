import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface ListenerOptions {
  /** A direct connection to the database, or one through a pooler that keeps sessions apart. */
  readonly url: string
  /** Whose connection it is, as pg_stat_activity shows it: the service. */
  readonly name: string
  /** Hears of a connection that broke or could not be made. Another one follows. */
  readonly onError: (error: Error) => void
}

/** Told of a notification by its payload; without one where any number of them may have been missed. */
export type Wake = (payload?: string) => void

export interface Listener {
  /** Has `wake` called for each notification on the channel; returns what ends that. */
  listen(channel: string, wake: Wake): () => void
  /** Ends the connection. */
  close(): Promise<void>
}

const pingEveryMs = 15_000
const maxDelayMs = 5_000

/**
 * The one connection of a process that LISTENs, for any number of channels. It is made when the first channel is asked
 * for, and made again for as long as it breaks; everybody is woken then, since nobody knows what was missed. A
 * notification is a hint and no message: who is woken reads a table, and looks there every few seconds anyway.
 */
export const createListener = ({ url, name, onError }: ListenerOptions): Listener => {
  const channels = new Map<string, Set<Wake>>()
  const closing = new AbortController()
  /** The one that LISTENs, or is about to. */
  let connection: pg.Client | undefined
  let connecting: Promise<void> | undefined

  const wake = (wakes: Iterable<Wake> | undefined, payload?: string) => {
    for (const one of wakes ?? []) one(payload)
  }

  let idle: Promise<unknown> = Promise.resolve()
  /** One statement after the other, as `pg` wants it. */
  const inTurn = <T>(statement: () => Promise<T>): Promise<T> => {
    const result = idle.then(statement)
    idle = result.catch(() => {})
    return result
  }

  /** What a lost connection has to do the next one does. */
  const send = (statement: string) => inTurn(async () => connection?.query(statement)).catch(() => {})

  /** Resolves when the connection has ended, which was there for a while; rejects when it could not be made. */
  const connect = async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: `${name}-listen`,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      keepAlive: true,
    })
    client.on('error', onError)
    client.on('notification', ({ channel, payload }) => wake(channels.get(channel), payload))
    const over = Promise.withResolvers<void>()
    client.once('end', () => over.resolve())
    const end = () => over.resolve()
    closing.signal.addEventListener('abort', end)
    // A peer that vanished without a word would else be noticed by nobody: this connection only waits.
    const ping = setInterval(() => {
      inTurn(() => client.query('select 1')).catch(end)
    }, pingEveryMs).unref()
    try {
      await client.connect()
      connection = client
      await inTurn(() => client.query([...channels.keys()].map(listenTo).join(';')))
      for (const wakes of channels.values()) wake(wakes)
      await over.promise
    } finally {
      connection = undefined
      clearInterval(ping)
      closing.signal.removeEventListener('abort', end)
      void client.end()
    }
  }

  const stayConnected = async () => {
    for (let delayMs = 100; !closing.signal.aborted; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
      try {
        await connect()
        delayMs = 100
      } catch (error) {
        if (!closing.signal.aborted) onError(error as Error)
      }
      await sleep(delayMs * Math.random(), undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  return {
    listen(channel, wakeOne) {
      let wakes = channels.get(channel)
      if (!wakes) {
        channels.set(channel, (wakes = new Set()))
        // What comes before the server has heard of it is missed.
        if (connection) void send(listenTo(channel)).then(() => wake(channels.get(channel)))
      }
      wakes.add(wakeOne)
      connecting ??= stayConnected()
      return () => {
        wakes.delete(wakeOne)
        if (wakes.size || channels.get(channel) !== wakes) return
        channels.delete(channel)
        void send(`unlisten ${pg.escapeIdentifier(channel)}`)
      }
    },
    async close() {
      closing.abort()
      await connecting
    },
  }
}

const listenTo = (channel: string) => `listen ${pg.escapeIdentifier(channel)}`
