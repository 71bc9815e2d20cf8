import type { RpcError } from './errors.ts'

/**
 * The requests of a call one by one, as its handler iterates over them. The next is read off the wire when the handler
 * asks for it, which holds the peer back.
 */
export class RequestStream implements AsyncIterableIterator<object> {
  readonly #read: () => void
  #reader: PromiseWithResolvers<IteratorResult<object>> | undefined
  #ended: RpcError | 'complete' | undefined

  /** @param read asks for one message; `push`, `complete` or `fail` answers. */
  constructor(read: () => void) {
    this.#read = read
  }

  next(): Promise<IteratorResult<object>> {
    if (this.#ended === 'complete') return Promise.resolve(done)
    if (this.#ended) return Promise.reject(this.#ended)
    this.#reader = Promise.withResolvers()
    this.#read()
    return this.#reader.promise
  }

  return(): Promise<IteratorResult<object>> {
    return Promise.resolve(done)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(value: object): void {
    this.#reader?.resolve({ done: false, value })
  }

  /** The peer has sent all it wanted to. */
  complete(): void {
    this.#ended ??= 'complete'
    this.#reader?.resolve(done)
  }

  /** The call is over before that. */
  fail(error: RpcError): void {
    this.#ended ??= error
    // Nobody may be waiting: then nobody minds.
    this.#reader?.promise.catch(() => {})
    this.#reader?.reject(error)
  }
}

const done: IteratorResult<object> = { done: true, value: undefined }
