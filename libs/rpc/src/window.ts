import type { Server } from '@grpc/grpc-js'
import type { Http2Server, Settings } from 'node:http2'

/** Bytes that a peer may have under way on one stream and on one connection. */
const windowBytes = 8 * 1024 * 1024

/**
 * Raises the receive window of a server from HTTP/2's 64 KiB. With 20 ms between the two ends an upload is held to
 * 1.9 MB/s by the default and reaches 97 MB/s with 8 MiB. grpc-js has an option for clients only
 * (`grpc-node.flow_control_window`), so this reaches into two private fields: call it before `bindAsync`, and what it
 * returns after.
 *
 * @throws Error when a new version of grpc-js has moved the fields.
 */
export const raiseReceiveWindow = (server: Server): (() => void) => {
  const internals = server as unknown as {
    commonServerOptions?: { settings?: Settings }
    http2Servers?: Map<Http2Server, unknown>
  }
  if (!internals.commonServerOptions || !internals.http2Servers)
    throw new Error(
      'this version of @grpc/grpc-js keeps its HTTP/2 settings elsewhere: adapt raiseReceiveWindow',
    )
  internals.commonServerOptions.settings = {
    ...internals.commonServerOptions.settings,
    initialWindowSize: windowBytes,
  }
  return () => {
    for (const http2Server of internals.http2Servers!.keys())
      http2Server.on('session', (session) => session.setLocalWindowSize(windowBytes))
  }
}
