import type { Server } from '@grpc/grpc-js'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Logger } from 'pino'
import { http2Servers } from '../window.ts'

/**
 * Logs who is refused by TLS and why ("CERT_HAS_EXPIRED"): nothing else tells of them, since they get to make no call.
 * Call it after `bindAsync`.
 */
export const logRefused = (server: Server, logger: Logger): void => {
  for (const http2Server of http2Servers(server)) {
    // An address that was asked for once is still known when the socket has been destroyed.
    http2Server.on('connection', (socket: Socket) => void socket.remoteAddress)
    http2Server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Refused) => {
      // What Node says of the certificate is more than the end of the connection that follows from it.
      const reason = String(socket.authorizationError ?? error.code)
      if (reason === 'ECONNRESET') return // a port scan, a balancer's look whether somebody listens
      const peer = socket.remoteAddress ?? socket._parent?.remoteAddress
      logger.info({ reason, peer }, 'TLS: a connection was refused')
    })
  }
}

/** Node keeps the socket below the encrypted one to itself. */
type Refused = TLSSocket & { readonly _parent?: Socket }
