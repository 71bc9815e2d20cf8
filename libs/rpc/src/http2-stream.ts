import { constants, type ServerHttp2Stream } from 'node:http2'
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'

// What only the HTTP/2 stream below a call can tell. grpc-js keeps it private: without it each of these is lost, and
// nothing else.

/** The stream of the call nearest the wire. */
export const http2Stream = (call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined =>
  (call as unknown as { stream?: ServerHttp2Stream }).stream

/**
 * Resets a stream at `time` (milliseconds since 1970) if its peer has not taken all of it by then: the status waits behind
 * the messages before it, and those behind a peer that may never read again.
 */
export const resetUnlessRead = (stream: ServerHttp2Stream | undefined, time: number): void => {
  if (!stream || time === Infinity) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), time - Date.now()).unref()
  stream.once('close', () => clearTimeout(timer))
}
