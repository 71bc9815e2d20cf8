import type { ChatRequest, ChatResponse__Output, ChatService } from '@quartet/proto/chat'
import type { CallOptions, Client } from '@quartet/rpc'

type Payload = NonNullable<ChatResponse__Output['payload']>
type Response<Kind extends Payload> = NonNullable<ChatResponse__Output[Kind]>

/** A stream of `Chat`: says what a test has it say, and keeps what comes. */
export const talker = (chat: Client<typeof ChatService, CallOptions>) => {
  const requests: ChatRequest[] = []
  const received: ChatResponse__Output[] = []
  let wakeSender = () => {}
  let wakeReader = () => {}
  let closed = false
  let over = false

  const stopping = new AbortController()
  const send = async function* () {
    for (;;) {
      while (requests.length) yield requests.shift()!
      if (closed) return
      await new Promise<void>((resolve) => (wakeSender = resolve))
    }
  }
  const end = (async () => {
    try {
      for await (const response of chat.chat(send(), { signal: stopping.signal })) {
        received.push(response)
        wakeReader()
      }
    } finally {
      over = true
      wakeReader()
    }
  })()
  end.catch(() => {})

  const say = (request: ChatRequest) => {
    requests.push(request)
    wakeSender()
  }

  return {
    received,
    send: say,
    /** The next response of a kind that `fits`; those before it are skipped. */
    async next<Kind extends Payload>(
      kind: Kind,
      fits: (response: Response<Kind>) => boolean = () => true,
    ): Promise<Response<Kind>> {
      for (let at = 0; ; at++) {
        while (at >= received.length) {
          if (over) throw new Error(`the stream has ended without ${kind}`)
          await new Promise<void>((resolve) => (wakeReader = resolve))
        }
        const response = received[at]![kind] as Response<Kind> | null | undefined
        if (!response || !fits(response)) continue
        received.splice(0, at + 1)
        return response
      }
    },
    /** Says that nothing more is sent; resolves when the stream has ended. */
    async halfClose(): Promise<void> {
      closed = true
      wakeSender()
      await end
    },
    /** How the stream ends. */
    end,
    /** Goes away. */
    async cancel(): Promise<void> {
      stopping.abort()
      await end.catch(() => {})
      closed = true
      wakeSender()
    },
  }
}
