import { Metadata, ServerInterceptingCall, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { randomUUID } from 'node:crypto'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Method } from '@quartet/proto/contract'
import type { Logger } from 'pino'
import { anonymous, type Caller } from './caller.ts'
import { decodeRequest, encodeResponse } from './codec.ts'
import { RpcError, toStatus } from './errors.ts'
import type { AnyHandler } from './handlers.ts'
import type { InterceptedCall, Interceptor } from './interceptor.ts'

/** What all calls of a server share. */
export interface CallEnvironment {
  readonly interceptors: readonly Interceptor[]
  readonly logger: Logger
  /** Sent with every answer as the trailer x-quartet-replica. */
  readonly replica: string
  /** The calls that run now, for drain. */
  readonly open: Set<ServerCall>
}

/** A writer that is this far ahead of its peer waits. What a stream holds in memory is this and one message. */
const maxPendingBytes = 64 * 1024
/** After a failed call's status, a peer that does not read gets this long before its stream is reset. */
const lingerMs = 5_000

/**
 * One call, from the arrival of its metadata to its status, whatever its kind.
 *
 * grpc-js's own handler machinery never runs: it lets a cancelled client stream look like a finished one, hangs a call
 * whose handler rejects, and has a code path for each kind. An interceptor that passes nothing on gets the same
 * events nearest the wire, so this object is that interceptor and runs the handler itself.
 */
export class ServerCall extends ServerInterceptingCall implements InterceptedCall {
  readonly method: Method
  metadata!: Metadata
  caller: Caller = anonymous
  deadline = Infinity
  readonly startedAt = performance.now()
  received = 0
  sent = 0

  readonly #base: ServerInterceptingCallInterface
  readonly #environment: CallEnvironment
  readonly #handler: AnyHandler | undefined
  readonly #streamsRequests: boolean
  #request: object | undefined
  #reader: PromiseWithResolvers<IteratorResult<object>> | undefined
  #halfClosed = false
  #passed = 0
  #pendingBytes = 0
  #writer: PromiseWithResolvers<void> | undefined
  #ended: RpcError | 'OK' | undefined
  #timer: NodeJS.Timeout | undefined
  #abort: AbortController | undefined
  #logger: Logger | undefined
  #traceId: string | undefined
  #trailers: Metadata | undefined

  constructor(
    base: ServerInterceptingCallInterface,
    method: Method,
    handler: AnyHandler | undefined,
    environment: CallEnvironment,
  ) {
    super(base)
    this.#base = base
    this.method = method
    this.#handler = handler
    this.#environment = environment
    this.#streamsRequests = method.kind === 'client_streaming' || method.kind === 'bidi_streaming'
  }

  // What handlers see of the call -------------------------------------------------------------------------------

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#ended instanceof RpcError) this.#abort.abort(this.#ended)
    }
    return this.#abort.signal
  }

  get trailers(): Metadata {
    return (this.#trailers ??= new Metadata())
  }

  get logger(): Logger {
    return (this.#logger ??= this.#environment.logger.child({
      method: this.method.path,
      traceId: this.traceId,
    }))
  }

  get traceId(): string {
    return (this.#traceId ??= traceIdOf(this.metadata) ?? randomUUID().replaceAll('-', ''))
  }

  get peer(): string {
    return this.#base.getPeer()
  }

  endBy(time: number, error: () => RpcError): void {
    if (time >= this.deadline || this.#ended) return
    this.deadline = time
    clearTimeout(this.#timer)
    // Past int32 a timer would fire at once; such a call outlives the process anyway.
    this.#timer = setTimeout(() => this.fail(error()), Math.min(time - Date.now(), 2 ** 31 - 1))
  }

  // What grpc-js tells us -----------------------------------------------------------------------------------------

  /** grpc-js starts the call; its listener, the built-in handler machinery, is left out on purpose. */
  override start(): void {
    this.#environment.open.add(this)
    this.#base.start(this)
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = metadata
    this.deadline = Number(this.#base.getDeadline())
    this.#admit()
  }

  onReceiveMessage(bytes: Buffer): void {
    if (this.#ended) return
    try {
      const message = decodeRequest(this.method, bytes)
      this.received++
      if (this.#streamsRequests) return this.#reader?.resolve({ done: false, value: message })
      if (this.#request) throw new RpcError(status.UNIMPLEMENTED, 'SECOND_REQUEST_MESSAGE')
      this.#request = message
      this.#base.startRead()
    } catch (error) {
      this.fail(error)
    }
  }

  onReceiveHalfClose(): void {
    if (!this.#streamsRequests) return this.#requestComplete()
    // Node's own HTTP/2 client, cancelling, ends its stream properly just before it resets it: look again once what
    // else has arrived is read. Across a slow network even that is a guess, so what must not be half done commits by
    // a message of its own.
    setImmediate(() => this.#requestComplete())
  }

  #requestComplete(): void {
    // A stream that was reset looks half-closed too. What was cut must not pass for complete: onCancel follows.
    if (this.#ended || this.#stream?.aborted) return
    this.#halfClosed = true
    if (this.#streamsRequests) this.#reader?.resolve({ done: true, value: undefined })
    else if (this.#request) void this.#run(this.#request)
    else this.fail(new RpcError(status.UNIMPLEMENTED, 'REQUEST_MESSAGE_MISSING'))
  }

  /** Comes at the end of every call. Only where the call is not over for us, it says that grpc-js or the peer ended it. */
  onCancel(): void {
    if (!this.#ended) this.#end(endedByPeer(this.#stream, this.deadline))
  }

  // From admission to the status ------------------------------------------------------------------------------------

  /** Runs the interceptors from where the last one waited, without a promise where none of them waits. */
  #admit(): void {
    const { interceptors } = this.#environment
    try {
      while (this.#passed < interceptors.length) {
        if (this.#ended) return
        const waiting = interceptors[this.#passed++]!.onCall?.(this)
        if (waiting)
          return void waiting.then(
            () => this.#admit(),
            (error) => this.fail(error),
          )
      }
    } catch (error) {
      return this.fail(error)
    }
    if (this.#ended) return
    if (!this.#streamsRequests) return this.#base.startRead()
    // Until headers come a client keeps everything it sent, for a retry.
    this.#base.sendMetadata(new Metadata())
    void this.#run(this.#requests())
  }

  async #run(request: object): Promise<void> {
    try {
      if (!this.#handler)
        throw new RpcError(status.UNIMPLEMENTED, 'UNIMPLEMENTED', { method: this.method.path })
      const response = this.#handler(request as never, this)
      if (Symbol.asyncIterator in response) {
        for await (const message of response) {
          const waiting = this.#write(message)
          if (waiting) await waiting
        }
      } else {
        void this.#write(await response)
      }
      this.#succeed()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The requests one by one: the next is read off the wire when the handler asks for it, which holds the peer back. */
  #requests(): AsyncIterableIterator<object> {
    const requests: AsyncIterableIterator<object> = {
      next: () => {
        if (this.#ended instanceof RpcError) return Promise.reject(this.#ended)
        if (this.#halfClosed) return Promise.resolve({ done: true, value: undefined })
        this.#reader = Promise.withResolvers()
        this.#base.startRead()
        return this.#reader.promise
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => requests,
    }
    return requests
  }

  /** Hands a response over; the promise, where there is one, waits for the peer. @throws the error the call ended with. */
  #write(response: object): Promise<void> | undefined {
    if (this.#ended) throw this.#ended as RpcError
    const bytes = encodeResponse(this.method, response)
    this.sent++
    this.#pendingBytes += bytes.length
    this.#base.sendMessage(bytes, () => {
      this.#pendingBytes -= bytes.length
      if (this.#pendingBytes >= maxPendingBytes) return
      this.#writer?.resolve()
      this.#writer = undefined
    })
    if (this.#pendingBytes < maxPendingBytes) return undefined
    this.#writer = Promise.withResolvers()
    return this.#writer.promise
  }

  #succeed(): void {
    if (this.#ended) return
    this.#base.sendStatus({ code: status.OK, details: '', metadata: this.#finalTrailers() })
    this.#end('OK')
  }

  /** Ends the call with whatever was thrown. Does nothing when it is over. */
  fail(error: unknown): void {
    if (this.#ended) return
    const sent = toStatus(error)
    sent.metadata.merge(this.#finalTrailers())
    this.#base.sendStatus(sent)
    this.#end(
      error instanceof RpcError ? error : new RpcError(status.INTERNAL, 'INTERNAL', {}, { cause: error }),
    )
  }

  #finalTrailers(): Metadata {
    this.trailers.set('x-quartet-replica', this.#environment.replica)
    return this.trailers
  }

  /** The one place where a call ends: whoever waits is woken, whoever watches is told, nothing is kept. */
  #end(ended: RpcError | 'OK'): void {
    this.#ended = ended
    this.#environment.open.delete(this)
    clearTimeout(this.#timer)
    if (ended !== 'OK') {
      // Nobody may be waiting: then nobody minds.
      this.#reader?.promise.catch(() => {})
      this.#writer?.promise.catch(() => {})
      this.#reader?.reject(ended)
      this.#writer?.reject(ended)
      this.#abort?.abort(ended)
    }
    if (this.#pendingBytes > 0) this.#resetUnlessRead(ended === 'OK' ? this.deadline : Date.now() + lingerMs)
    const outcome = ended === 'OK' ? { code: status.OK } : { code: ended.code, error: ended.cause ?? ended }
    for (let i = this.#passed - 1; i >= 0; i--) this.#environment.interceptors[i]!.onEnd?.(this, outcome)
  }

  /** A status waits behind the messages before it, and those behind a peer that may never read again. */
  #resetUnlessRead(time: number): void {
    const stream = this.#stream
    if (!stream || time === Infinity) return
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), time - Date.now()).unref()
    stream.once('close', () => clearTimeout(timer))
  }

  /** The HTTP/2 stream. grpc-js keeps it private; without it only the two repairs above that name it are lost. */
  get #stream(): ServerHttp2Stream | undefined {
    return (this.#base as unknown as { stream?: ServerHttp2Stream }).stream
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: version-traceid-parentid-flags. */
const traceIdOf = (metadata: Metadata): string | undefined =>
  /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-/.exec(String(metadata.get('traceparent')[0] ?? ''))?.[1]

/** grpc-js itself sends a status for oversize messages, bad compression and its own deadline, and tells nobody. */
const endedByPeer = (stream: ServerHttp2Stream | undefined, deadline: number): RpcError => {
  const code = Number((stream?.sentTrailers ?? stream?.sentHeaders)?.['grpc-status'] ?? status.CANCELLED)
  if (code === status.DEADLINE_EXCEEDED || Date.now() >= deadline) return deadlineExceeded()
  if (code === status.RESOURCE_EXHAUSTED) return new RpcError(code, 'MESSAGE_TOO_LARGE')
  return new RpcError(
    code || status.CANCELLED,
    code === status.CANCELLED ? 'CANCELLED' : 'UNREADABLE_MESSAGE',
  )
}

export const deadlineExceeded = () => new RpcError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED')
