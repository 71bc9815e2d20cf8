import { UserService } from '@quartet/proto/user'
import { pino } from 'pino'
import { createClient } from '../client/client.ts'
import type { Handlers } from '../handlers.ts'
import { implement } from '../implementation.ts'
import { createServer, type ServerOptions } from '../server.ts'

/** A server of the user service's contract with the handlers of a test, and a client of it, on a free port. */
export const serve = async (
  handlers: Partial<Handlers<typeof UserService>>,
  options: Partial<ServerOptions> = {},
  onPort = 0,
) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const server = createServer({
    implementations: [implement(UserService, handlers)],
    access: {},
    readiness: async () => {},
    logger,
    replica: 'here',
    ...options,
  })
  const port = await server.listen('127.0.0.1', onPort)
  const target = `127.0.0.1:${port}`
  const client = createClient(UserService, { target })
  return {
    server,
    client,
    port,
    target,
    lines,
    close() {
      client.close()
      server.close()
    },
  }
}

export const userId = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'

/** Collects what a stream brings until it ends. */
export const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const one of stream) all.push(one)
  return all
}

/** What a call failed with. */
export const failure = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )
