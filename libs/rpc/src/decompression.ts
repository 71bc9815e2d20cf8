import { status, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { turns } from './turns.ts'

/** Each may become as large as the largest message (4 MiB) before it is refused. */
const inTurn = turns({ atOnce: 4, maxWaiting: Infinity })

/**
 * Has compressed messages decompressed a few at a time, and those of a call that is over not at all. grpc-js starts them
 * all at once: 7 MB of well-compressed zeros, spread over many streams, took 9 GB. The method is private: without it
 * nothing is held back.
 *
 * @param grown is told by how many bytes each has become more.
 */
export const holdBackDecompression = (
  call: ServerInterceptingCallInterface,
  isOver: () => boolean,
  grown: (bytes: number) => void,
): void => {
  const internals = call as unknown as {
    decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>
  }
  const decompress = internals.decompressMessage?.bind(call)
  if (!decompress) return
  internals.decompressMessage = (message, encoding) =>
    encoding === 'identity'
      ? decompress(message, encoding)
      : inTurn(async () => {
          // grpc-js takes what is thrown for a status.
          if (isOver()) throw over()
          const decompressed = await decompress(message, encoding)
          if (isOver()) throw over()
          grown(decompressed.length + frameHeader - message.length)
          return decompressed
        })
}

/** Bytes before each message: whether it is compressed, and its length. */
export const frameHeader = 5

const over = () => Object.assign(new Error('over'), { code: status.CANCELLED, details: '' })
