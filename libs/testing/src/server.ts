import { Metadata } from '@grpc/grpc-js'
import { access, type Verify } from '@quartet/auth'
import { isConnectionFailure } from '@quartet/database'
import type { Service } from '@quartet/proto/contract'
import {
  createClient,
  createServer,
  type CallOptions,
  type Client,
  type Implementation,
  type ServerOptions,
} from '@quartet/rpc'
import { pino } from 'pino'

/** Serves implementations as a service does, on a free port; what it logs is kept. */
export const testServer = async (
  implementations: readonly Implementation[],
  verify: Verify,
  options: Pick<ServerOptions, 'limits' | 'interceptors'> = {},
) => {
  const logs: Record<string, unknown>[] = []
  const server = createServer({
    ...options,
    implementations,
    access: access(verify),
    readiness: async () => {},
    isUnavailable: isConnectionFailure,
    logger: pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) }),
  })
  const target = `127.0.0.1:${await server.listen('127.0.0.1', 0)}`
  const clients: { close(): void }[] = []
  return {
    target,
    logs,
    /** A client that sends `token`, where one is given, with every call. */
    client<S extends Service>(service: S, token?: string): Client<S, CallOptions> {
      const client = createClient(service, { target, token: () => token })
      clients.push(client)
      return client
    },
    close() {
      for (const client of clients) client.close()
      server.close()
    },
  }
}

/** Metadata from an object. */
export const metadata = (values: Record<string, string>): Metadata => {
  const all = new Metadata()
  for (const [key, value] of Object.entries(values)) all.set(key, value)
  return all
}

/** What a call failed with; undefined when it did not. */
export const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )
