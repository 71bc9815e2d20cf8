import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'
import type { RpcError } from './errors.ts'

/** A writer that is this far ahead of its peer waits. What a stream holds in memory is this and one message. */
const maxPendingBytes = 64 * 1024

/** What a message costs beside its bytes, which can be none. */
const messageOverhead = 256

/** The responses of a call on their way to its peer. */
export class ResponseWriter {
  readonly #call: ServerInterceptingCallInterface
  #pendingBytes = 0
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(call: ServerInterceptingCallInterface) {
    this.#call = call
  }

  /** Whether something has been handed over that the peer has not taken yet. */
  get pending(): boolean {
    return this.#pendingBytes > 0
  }

  /** Hands a message over. The promise, where there is one, waits for a peer that reads slower than this writes. */
  write(bytes: Buffer): Promise<void> | undefined {
    const size = bytes.length + messageOverhead
    this.#pendingBytes += size
    this.#call.sendMessage(bytes, () => {
      this.#pendingBytes -= size
      if (this.#pendingBytes >= maxPendingBytes) return
      this.#waiting?.resolve()
      this.#waiting = undefined
    })
    if (this.#pendingBytes < maxPendingBytes) return undefined
    this.#waiting ??= Promise.withResolvers()
    return this.#waiting.promise
  }

  /** The call is over: nothing more will be taken. */
  fail(error: RpcError): void {
    this.#waiting?.promise.catch(() => {})
    this.#waiting?.reject(error)
  }
}
