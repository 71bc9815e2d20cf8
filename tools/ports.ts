import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A port that somebody needs on loopback; 0 asks for any free one. */
export interface PortRequest {
  readonly name: string
  readonly port: number
}

/** Why a requested port cannot be had, as the operating system names it: EADDRINUSE, EACCES. */
export interface PortRefusal extends PortRequest {
  readonly code: string
}

/** Milliseconds: a process that was killed a moment ago may still be giving its port back. */
const patience = 3_000

// A free port is used a moment after it was found. Below the range from which systems give ports to whoever
// asks for any, nobody is given it in between.
const [lowest, highest] = [20_000, 32_768]

// Nor do two workers of Jest find the same one: each looks in an eighth of its own.
const worker = process.env['JEST_WORKER_ID']
const eighth = (highest - lowest) / 8
const from = worker ? lowest + (Number(worker) % 8) * eighth : lowest
const to = worker ? from + eighth : highest

/**
 * Opens every requested port on 127.0.0.1 at once, and closes them again: so the free ones differ from each
 * other, and what is in use, or asked for twice, is known before anything starts.
 */
export const probePorts = async (
  requests: readonly PortRequest[],
): Promise<{ ports: Record<string, number>; refused: PortRefusal[] }> => {
  const ports: Record<string, number> = {}
  const refused: PortRefusal[] = []
  const servers: Server[] = []
  const until = performance.now() + patience
  for (const request of requests) {
    const server = await open(request.port, until)
    if (typeof server === 'string') refused.push({ ...request, code: server })
    else {
      servers.push(server)
      ports[request.name] = (server.address() as AddressInfo).port
    }
  }
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return { ports, refused }
}

/** A port that is free on 127.0.0.1 now. */
export const freePort = async (): Promise<number> =>
  (await probePorts([{ name: 'any', port: 0 }])).ports['any']!

const open = async (port: number, until: number): Promise<Server | string> => {
  for (;;) {
    const server = createServer().listen(port || randomInt(from, to), '127.0.0.1')
    try {
      await once(server, 'listening')
      return server
    } catch (error) {
      const { code = 'EINVAL' } = error as NodeJS.ErrnoException
      if (code !== 'EADDRINUSE' || performance.now() > until) return code
    }
    if (port) await delay(50)
  }
}
