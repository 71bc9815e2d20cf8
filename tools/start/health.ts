import { once } from 'node:events'
import { createConnection } from 'node:net'

/**
 * Whether the service on a port of 127.0.0.1 is ready for calls, as its own health service sees it.
 *
 * A bare connection goes ahead: a start asks before anybody listens, and a gRPC channel that was refused waits
 * longer and longer before it tries again.
 */
export const isReady = async (port: number, signal: AbortSignal): Promise<boolean> => {
  if (!(await listens(port))) return false
  // Loaded only now, because it needs generated code, which a fresh clone does not have when a start begins.
  const { healthCheck } = await import('@quartet/rpc')
  return (await healthCheck({ target: `127.0.0.1:${port}`, service: 'readiness', signal })) === 'SERVING'
}

const listens = async (port: number): Promise<boolean> => {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
