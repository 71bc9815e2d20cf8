import { Metadata, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import { Admission, type Applicant } from './admission.ts'
import { CallContext, type ContextEnvironment } from './call-context.ts'
import { RemoteError } from './client/error.ts'
import { decodeRequest, encodeResponse } from './codec.ts'
import { frameHeader, holdBackDecompression } from './decompression.ts'
import { RpcError, toStatus } from './errors.ts'
import { fromDownstream } from './from-downstream.ts'
import type { AnyHandler } from './handlers.ts'
import { discardRequests, http2Stream, onArrival, resetStream, stopSender } from './http2-stream.ts'
import type { Interceptor } from './interceptor.ts'
import { RequestStream } from './request-stream.ts'
import { ResponseWriter } from './response-writer.ts'
import { takeOverStatus } from './status-of-grpc-js.ts'
import type { UnreadLimit } from './unread-limit.ts'

/** What all calls of a server share. */
export interface CallEnvironment extends ContextEnvironment {
  readonly interceptors: readonly Interceptor[]
  /** What of them is around the handler, as one; undefined where nothing is. */
  readonly around: Interceptor['around']
  /** Tells the errors of what the service depends on from those of its code. */
  readonly isUnavailable: (error: unknown) => boolean
  /** Sent with every answer. */
  readonly ownTrailers: Metadata
  /** The calls that run now, for drain. */
  readonly open: Set<ServerCall>
  /** What they all have been sent and have not read. */
  readonly unread: UnreadLimit
}

/** After a failed call's status, a peer that does not read gets this long before its stream is reset. */
const lingerMs = 5_000
/** Past int32 a timer would fire at once; a call of 24 days outlives the process anyway. */
const maxTimerMs = 2 ** 31 - 1

/**
 * One call, from the arrival of its metadata to its status, whatever its kind.
 *
 * grpc-js's own handler machinery never runs: it lets a cancelled client stream look like a finished one, hangs a call
 * whose handler rejects, and has a code path for each kind. An interceptor that passes nothing on gets the same
 * events nearest the wire, so this object is that interceptor and runs the handler itself.
 */
export class ServerCall extends CallContext implements Applicant {
  /** Bytes that have arrived for the call and wait to be read. */
  unread = 0

  readonly #sendStatus: ServerInterceptingCallInterface['sendStatus']
  readonly #environment: CallEnvironment
  readonly #handler: AnyHandler | undefined
  readonly #writer: ResponseWriter
  /** The requests of a kind that streams them; else `#request` is the one there is. */
  readonly #requests: RequestStream | undefined
  #request: object | undefined
  readonly #admission: Admission
  #timer: NodeJS.Timeout | undefined

  constructor(
    base: ServerInterceptingCallInterface,
    method: Method,
    handler: AnyHandler | undefined,
    environment: CallEnvironment,
  ) {
    super(base, method, environment)
    this.#sendStatus = takeOverStatus(base, (error) => this.#failOrReset(error))
    const arrived = (bytes: number) => this.#countUnread(bytes)
    onArrival(http2Stream(base), arrived)
    holdBackDecompression(base, () => this.ended !== undefined, arrived)
    this.#handler = handler
    this.#environment = environment
    this.#writer = new ResponseWriter(base)
    this.#admission = new Admission(environment.interceptors, this)
    if (method.kind === 'client_streaming' || method.kind === 'bidi_streaming')
      this.#requests = new RequestStream(() => base.startRead())
  }

  get over(): boolean {
    return this.ended !== undefined
  }

  endBy(time: number, error: () => RpcError): void {
    if (time >= this.deadline || this.ended) return
    this.deadline = time
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#failOrReset(error()), Math.min(time - Date.now(), maxTimerMs))
  }

  // What grpc-js tells ---------------------------------------------------------------------------------------------

  /** grpc-js starts the call; its listener, the built-in handler machinery, is left out on purpose. */
  override start(): void {
    this.#environment.open.add(this)
    this.base.start(this)
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = metadata
    this.deadline = Number(this.base.getDeadline())
    this.#admission.ask()
  }

  onReceiveMessage(bytes: Buffer): void {
    if (this.ended) return
    this.#countUnread(-frameHeader - bytes.length)
    try {
      const message = decodeRequest(this.method, bytes)
      this.received++
      this.receivedBytes += bytes.length
      if (this.#requests) return this.#requests.push(message)
      if (this.#request) throw new RpcError(status.UNIMPLEMENTED, 'SECOND_REQUEST_MESSAGE')
      this.#request = message
      this.base.startRead()
    } catch (error) {
      this.fail(error)
    }
  }

  onReceiveHalfClose(): void {
    if (!this.#requests) return this.#requestComplete()
    // Node's own HTTP/2 client, cancelling, ends its stream properly just before it resets it: look again once what
    // else has arrived is read. Across a slow network even that is a guess, so what must not be half done commits by
    // a message of its own.
    setImmediate(() => this.#requestComplete())
  }

  /**
   * Comes at the end of every call: when its status has been sent, and a peer that still sends need not any more. Only where
   * it is not over for us, it says that the peer has gone.
   */
  onCancel(): void {
    clearTimeout(this.#timer)
    if (this.ended) return stopSender(http2Stream(this.base))
    const code = Date.now() >= this.deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED
    this.#end(new RpcError(code, status[code]))
  }

  // From admission to the status -------------------------------------------------------------------------------------

  admitted(): void {
    if (!this.#requests) return this.base.startRead()
    // Until headers come a client keeps everything it sent, for a retry.
    this.base.sendMetadata(new Metadata())
    this.#serve(this.#requests)
  }

  #requestComplete(): void {
    // A stream that was reset looks half-closed too. What was cut must not pass for complete: onCancel follows.
    if (this.ended || http2Stream(this.base)?.aborted) return
    if (this.#requests) this.#requests.complete()
    else if (this.#request) this.#serve(this.#request)
    else this.fail(new RpcError(status.UNIMPLEMENTED, 'REQUEST_MESSAGE_MISSING'))
  }

  #serve(request: object): void {
    const { around } = this.#environment
    if (around) around(this, () => void this.#run(request))
    else void this.#run(request)
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
      } else if ('pushTo' in response) {
        await response.pushTo((message) => this.#write(message))
      } else {
        void this.#write(await response)
      }
      this.#succeed()
    } catch (error) {
      this.fail(error)
    }
  }

  #write(response: object): Promise<void> | undefined {
    if (this.ended) throw this.ended as RpcError
    const bytes = encodeResponse(this.method, response)
    this.sent++
    this.sentBytes += bytes.length
    return this.#writer.write(bytes)
  }

  #succeed(): void {
    if (this.ended) return
    this.#sendStatus({ code: status.OK, details: '', metadata: this.#finalTrailers() })
    this.#end('OK')
  }

  /** Ends the call with whatever was thrown. Does nothing when it is over. */
  fail(thrown: unknown): void {
    if (this.ended) return
    const error = this.#translated(thrown)
    // Only the hop next to a failure retries. Headers of their own commit an answer (gRFC A6), for Envoy as well: it is
    // not tried again here what the client of the next hop has tried.
    if (thrown instanceof RemoteError) this.base.sendMetadata(new Metadata())
    const sent = toStatus(error)
    sent.metadata.merge(this.#finalTrailers())
    this.#sendStatus(sent)
    this.#end(
      error instanceof RpcError ? error : new RpcError(status.INTERNAL, 'INTERNAL', {}, { cause: error }),
    )
  }

  /**
   * Time is up, or grpc-js cannot go on. Where the call has its status already, that waits behind messages which its peer
   * may never read: the stream is reset then.
   */
  #failOrReset(error: RpcError): void {
    if (!this.ended) this.fail(error)
    else if (this.#writer.pending) resetStream(http2Stream(this.base))
  }

  /** What the caller is told of an error of a library below: that it is a bad time, where that is all there is to it. */
  #translated(thrown: unknown): unknown {
    if (!(thrown instanceof RpcError) && this.#environment.isUnavailable(thrown))
      return new RpcError(status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE', {}, { cause: thrown })
    return fromDownstream(thrown)
  }

  #finalTrailers(): Metadata {
    const { ownTrailers } = this.#environment
    this.handlersTrailers?.merge(ownTrailers)
    return this.handlersTrailers ?? ownTrailers
  }

  /** The one place where a call ends: whoever waits is woken, whoever watches is told, nothing is kept. */
  #end(ended: RpcError | 'OK'): void {
    this.ended = ended
    this.#environment.open.delete(this)
    const ok = ended === 'OK'
    // An answer has until the deadline to be read, as long as the timer would have run. A failure has less.
    if (!ok || !this.#writer.pending) clearTimeout(this.#timer)
    if (!ok && this.#writer.pending)
      this.#timer = setTimeout(() => this.#failOrReset(ended), lingerMs).unref()
    this.#environment.unread.add(-this.unread)
    this.unread = 0
    discardRequests(this.base)
    if (ok) this.#requests?.complete()
    else {
      this.#requests?.fail(ended)
      this.#writer.fail(ended)
      this.abort?.abort(ended)
    }
    this.#admission.end(ok ? { code: status.OK } : { code: ended.code, error: ended.cause ?? ended })
  }

  #countUnread(bytes: number): void {
    if (this.ended) return
    this.unread += bytes
    this.#environment.unread.add(bytes)
  }
}
