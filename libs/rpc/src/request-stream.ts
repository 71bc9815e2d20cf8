import type { RpcError } from './errors.ts'

/**
 * The requests of a call one by one, as its handler iterates over them. The next is read off the wire when the handler
 * asks for it, which holds the peer back.
 */
export class RequestStream implements AsyncIterableIterator<object> {
  readonly #read: () => void
  /** Who has asked and waits, most often one. */
  readonly #readers: PromiseWithResolvers<IteratorResult<object>>[] = []
  #ended: RpcError | 'complete' | undefined

  /** @param read asks for one message; `push`, `complete` or `fail` answers. */
  constructor(read: () => void) {
    this.#read = read
  }

  next(): Promise<IteratorResult<object>> {
    if (this.#ended === 'complete') return Promise.resolve(done)
    if (this.#ended) return Promise.reject(this.#ended)
    const reader = Promise.withResolvers<IteratorResult<object>>()
    if (this.#readers.push(reader) === 1) this.#read()
    return reader.promise
  }

  return(): Promise<IteratorResult<object>> {
    return Promise.resolve(done)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(value: object): void {
    this.#readers.shift()?.resolve({ done: false, value })
    if (this.#readers.length) this.#read()
  }

  /** The peer has sent all it wanted to. */
  complete(): void {
    this.#ended ??= 'complete'
    for (const { resolve } of this.#readers.splice(0)) resolve(done)
  }

  /** The call is over before that. */
  fail(error: RpcError): void {
    this.#ended ??= error
    for (const { promise, reject } of this.#readers.splice(0)) {
      promise.catch(() => {}) // nobody may look any more: then nobody minds
      reject(error)
    }
  }
}

const done: IteratorResult<object> = { done: true, value: undefined }
