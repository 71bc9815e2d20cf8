import { constants, type ServerHttp2Stream } from 'node:http2'
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'

// What only the HTTP/2 stream below a call can tell or do. grpc-js keeps it private: without it each of these is lost, and
// nothing else.

/** The stream of the call nearest the wire. */
export const http2Stream = (call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined =>
  (call as unknown as { stream?: ServerHttp2Stream }).stream

/** Tells of the bytes that arrive on a stream, whether or not anybody reads them: Node keeps what is not read. */
export const onArrival = (stream: ServerHttp2Stream | undefined, arrived: (bytes: number) => void): void => {
  if (!stream) return
  const push = stream.push.bind(stream)
  stream.push = (chunk: Buffer | null) => {
    if (chunk) arrived(chunk.length)
    return push(chunk)
  }
}

/**
 * Throws away what a call has been sent and does not want any more, and what may still come: kept, it would stay in
 * memory for as long as the peer leaves the stream open.
 */
export const discardRequests = (call: ServerInterceptingCallInterface): void => {
  const internals = call as unknown as { stream?: ServerHttp2Stream; readQueue?: unknown[] }
  if (!internals.stream || internals.stream.readableEnded) return
  internals.stream.removeAllListeners('data')
  internals.stream.resume()
  if (internals.readQueue) internals.readQueue.length = 0
}

/**
 * Tells the peer of a call that has been answered to send no more (RFC 9113, 8.1). A turn later: a reset in the turn of the
 * trailers overtakes them.
 */
export const stopSender = (stream: ServerHttp2Stream | undefined): void => {
  if (!stream || stream.readableEnded) return
  setImmediate(() => {
    if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR)
  })
}

/** Gives a stream up, and what of it its peer has not taken. */
export const resetStream = (stream: ServerHttp2Stream | undefined): void =>
  stream?.close(constants.NGHTTP2_CANCEL)
