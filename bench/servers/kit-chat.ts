import { ChatService } from '@quartet/proto/chat'
import { encodeOnce, implement } from '@quartet/rpc'
import { serveKit } from './kit.ts'
import { message } from './messages.ts'

type Sent = ReturnType<typeof message>
/** A message and the promise of the one after it: readers walk along, each at its own pace. */
interface Link {
  readonly message: Sent
  readonly next: Promise<Link>
}

const once = process.env['ENCODE'] === 'once'
let last = Promise.withResolvers<Link>()
let sequence = 0

await serveKit(
  implement(ChatService, {
    async *subscribe() {
      let next = last.promise
      yield message(sequence) // a greeting: from now on nothing is missed
      for (;;) {
        const link = await next
        yield link.message
        next = link.next
      }
    },
  }),
  (count) => {
    for (let i = 0; i < count; i++) {
      const following = Promise.withResolvers<Link>()
      const plain = message(sequence++)
      last.resolve({ message: once ? encodeOnce(plain) : plain, next: following.promise })
      last = following
    }
  },
)
