import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { AuthService } from '@quartet/proto/auth'
import { createClient, createServer, implement, type Handlers } from '@quartet/rpc'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'

/** A key of an issuer, and tokens of an administrator signed with it. */
export const signingKey = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const now = Math.floor(Date.now() / 1000)
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' },
    token: (claims = {}) =>
      new SignJWT({ sub: 'u1', role: 'ADMIN', sid: 's1', iat: now, nbf: now, exp: now + 60, ...claims })
        .setIssuer('quartet')
        .setAudience('quartet')
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(privateKey),
  }
}

/** AuthService on a port of its own, with a client; whatever `handlers` leaves out is not there. */
export const serveAuth = async (handlers: Partial<Handlers<typeof AuthService>>) => {
  const server = createServer({
    implementations: [implement(AuthService, handlers)],
    access: {},
    readiness: async () => {},
    logger: pino({ level: 'silent' }),
  })
  const target = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`
  const client = createClient(AuthService, { target })
  return {
    target,
    client,
    stop: () => server.close(),
    close() {
      client.close()
      server.close()
    },
  }
}

/** A peer that takes calls and never answers, and how many milliseconds each of them gave it. */
export const silentPeer = async () => {
  const timeoutsMs: number[] = []
  const server = createHttp2Server(({ headers }) => {
    const [, amount, unit] = /^(\d+)([mS])$/.exec(String(headers['grpc-timeout']))!
    timeoutsMs.push(Number(amount) * (unit === 'S' ? 1_000 : 1))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = createClient(AuthService, { target: `127.0.0.1:${port}` })
  return {
    client,
    timeoutsMs: timeoutsMs as readonly number[],
    close() {
      client.close()
      server.close()
    },
  }
}

/** Tries until it works; between two tries everything else has its turn. */
export const untilItWorks = async <T>(attempt: () => T | Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await attempt()
    } catch {
      await new Promise(setImmediate)
    }
  }
}
