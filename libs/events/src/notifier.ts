import type { Pool } from 'pg'

export interface NotifierOptions {
  readonly pool: Pool
  readonly channel: string
  /** Hears of notifications that could not be sent; who listens then finds out when it looks next. */
  readonly onError: (error: unknown) => void
}

/**
 * Notifies a channel, after a commit and never inside of a transaction: there it would make every commit of the
 * database wait for a lock, four to five times as long. While one statement is on its way, what is asked for meanwhile
 * gathers into the next, each payload once.
 */
export const createNotifier = ({ pool, channel, onError }: NotifierOptions) => {
  let waiting = new Set<string>()
  let sending = false

  const send = async () => {
    sending = true
    while (waiting.size) {
      const payloads = [...waiting]
      waiting = new Set()
      await pool
        .query({
          name: 'notify',
          text: 'select pg_notify($1, payload) from unnest($2::text[]) as payload',
          values: [channel, payloads],
        })
        .catch(onError)
    }
    sending = false
  }

  /** @param payload at most 7,999 bytes. */
  return (payload = ''): void => {
    waiting.add(payload)
    if (!sending) void send()
  }
}
