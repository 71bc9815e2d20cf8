import { constants, type ServerHttp2Stream } from 'node:http2'
import { status, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { RpcError } from './errors.ts'

// What only the HTTP/2 stream below a call can tell. grpc-js keeps it private: without it each of these is lost, and
// nothing else.

/** The stream of the call nearest the wire. */
export const http2Stream = (call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined =>
  (call as unknown as { stream?: ServerHttp2Stream }).stream

/**
 * Why a call is over that we did not end. grpc-js itself sends a status for messages that are too large or cannot be
 * decompressed and for the caller's deadline, and tells nobody; everything else is the peer, gone.
 */
export const endedByOthers = (stream: ServerHttp2Stream | undefined, deadline: number): RpcError => {
  const code = Number((stream?.sentTrailers ?? stream?.sentHeaders)?.['grpc-status'] ?? status.CANCELLED)
  if (code === status.DEADLINE_EXCEEDED || Date.now() >= deadline)
    return new RpcError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED')
  if (code === status.RESOURCE_EXHAUSTED) return new RpcError(code, 'MESSAGE_TOO_LARGE')
  if (code === status.CANCELLED || code === status.OK) return new RpcError(status.CANCELLED, 'CANCELLED')
  return new RpcError(code, 'UNREADABLE_MESSAGE')
}

/**
 * Resets a stream at `time` (milliseconds since 1970) if its peer has not taken all of it by then: the status waits behind
 * the messages before it, and those behind a peer that may never read again.
 */
export const resetUnlessRead = (stream: ServerHttp2Stream | undefined, time: number): void => {
  if (!stream || time === Infinity) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), time - Date.now()).unref()
  stream.once('close', () => clearTimeout(timer))
}
