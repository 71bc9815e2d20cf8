import { createServer, healthCheck } from '@quartet/rpc'
import { createLogger } from '@quartet/service'

// Starts a server of the kit, asks it whether it is ready, and stops: so that what runs at every start is compiled.
const server = createServer({
  implementations: [],
  access: {},
  readiness: async () => {},
  logger: createLogger('warm', 'silent'),
})
const port = await server.listen('127.0.0.1', 0)
await healthCheck({
  target: `127.0.0.1:${port}`,
  service: 'readiness',
  signal: AbortSignal.timeout(10_000),
})
await server.drain({ acceptMs: 0, graceMs: 0 })
