import type { ServerWritableStream } from '@grpc/grpc-js'
import { serveBare } from './bare.ts'
import { chatService } from './definition.ts'
import { message } from './messages.ts'

const readers = new Set<ServerWritableStream<object, object>>()
let sequence = 0

serveBare(
  chatService(),
  {
    Subscribe(call: ServerWritableStream<object, object>) {
      readers.add(call)
      call.on('cancelled', () => readers.delete(call))
      call.write(message(sequence))
    },
  },
  (count) => {
    for (let i = 0; i < count; i++) {
      const next = message(sequence++)
      for (const reader of readers) reader.write(next)
    }
  },
)
