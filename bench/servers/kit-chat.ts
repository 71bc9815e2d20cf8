import { once } from 'node:events'
import { ChatService } from '@quartet/proto/chat'
import { encodeOnce, implement, type Send } from '@quartet/rpc'
import { serveKit } from './kit.ts'
import { message } from './messages.ts'

type Sent = ReturnType<typeof message>
/** A message and the promise of the one after it: readers walk along, each at its own pace. */
interface Link {
  readonly message: Sent
  readonly next: Promise<Link>
}

const encoded = process.env['ENCODE'] === 'once'
let last = Promise.withResolvers<Link>()
let sequence = 0
/** To those to whom it is pushed. */
const pushed = new Set<Send<Sent>>()

async function* walk(): AsyncGenerator<Sent> {
  let next = last.promise
  yield message(sequence) // a greeting: from now on nothing is missed
  for (;;) {
    const link = await next
    yield link.message
    next = link.next
  }
}

/** Nobody falls behind here, so what `send` returns for those who do is left alone. */
const push = async (send: Send<Sent>, signal: AbortSignal) => {
  void send(message(sequence))
  pushed.add(send)
  await once(signal, 'abort')
  pushed.delete(send)
}

await serveKit(
  implement(ChatService, {
    subscribe: (_, { signal }) => (process.env['PUSH'] ? { pushTo: (send) => push(send, signal) } : walk()),
  }),
  (count) => {
    for (let i = 0; i < count; i++) {
      const following = Promise.withResolvers<Link>()
      const plain = message(sequence++)
      const sent = encoded ? encodeOnce(plain) : plain
      for (const send of pushed) void send(sent)
      last.resolve({ message: sent, next: following.promise })
      last = following
    }
  },
)
