import { access, createVerify } from '@quartet/auth'
import { createServer, type Implementation, type Interceptor } from '@quartet/rpc'
import { createLogger } from '@quartet/service/logger'
import { createLocalJWKSet } from 'jose/jwks/local'
import { serving } from './serving.ts'

/**
 * The kit with everything on that a service has on: a log line for each call, deadlines, access by a signed token,
 * limits and validation. The limits are counted as ever, but nobody gets to them.
 *
 * @param guard puts something in the place of access.
 */
export const serveKit = async (
  implementation: Implementation,
  work?: (amount: number) => unknown,
  guard = (byToken: Interceptor): Interceptor => byToken,
): Promise<void> => {
  const verify = createVerify(createLocalJWKSet(JSON.parse(process.env['BENCH_KEYS']!)))
  const far = { perSecond: 1e9, burst: 1e9, maxOpen: 1e9 }
  const server = createServer({
    implementations: [implementation],
    access: guard(access(verify)),
    readiness: async () => {},
    limits: Object.fromEntries(implementation.service.methods.map(({ path }) => [path, far])),
    logger: createLogger('bench', 'info'),
  })
  serving(await server.listen('127.0.0.1', 0), work)
}
