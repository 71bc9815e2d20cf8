import type { Server } from '@grpc/grpc-js'
import type { Http2SecureServer, Http2Server, Settings } from 'node:http2'

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
  const internals = server as unknown as { commonServerOptions?: { settings?: Settings } }
  if (!internals.commonServerOptions) throw moved()
  internals.commonServerOptions.settings = {
    ...internals.commonServerOptions.settings,
    initialWindowSize: windowBytes,
  }
  http2Servers(server)
  return () => {
    for (const http2Server of http2Servers(server))
      http2Server.on('session', (session) => session.setLocalWindowSize(windowBytes))
  }
}

/**
 * The HTTP/2 servers below a server of grpc-js: one for each address that it is bound to.
 * @throws Error when a new version of grpc-js keeps them elsewhere.
 */
export const http2Servers = (server: Server): Iterable<Http2Server | Http2SecureServer> => {
  const { http2Servers } = server as unknown as {
    http2Servers?: Map<Http2Server | Http2SecureServer, unknown>
  }
  if (!http2Servers) throw moved()
  return http2Servers.keys()
}

const moved = () =>
  new Error('this version of @grpc/grpc-js keeps its HTTP/2 settings elsewhere: adapt libs/rpc/src/window.ts')
