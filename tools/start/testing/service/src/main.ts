import { createServer } from 'node:http2'

// Stands in for a service: it is always ready, and says how it was started.
const { PORT, DATABASE_URL, REFUSE } = process.env
if (REFUSE) {
  console.error(`fake: ${REFUSE}`)
  process.exit(1)
}
console.log(`database ${new URL(DATABASE_URL!).pathname}`)

/** grpc.health.v1.HealthCheckResponse { status: SERVING }, uncompressed and with its length, as gRPC frames it. */
const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1])

const server = createServer()
server.on('stream', (stream) => {
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(serving)
})
server.listen(Number(PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit())
