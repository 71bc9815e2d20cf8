import { Client, credentials } from '@grpc/grpc-js'

// The health probe of an image: asks the service in its own container whether it is ready, and ends with 0 if so. Without
// the contract and its codecs, since it runs every few seconds: the two messages have one field each.
const port = process.env['HEALTH_PORT'] || process.env['PORT'] || '50051'
const name = Buffer.from('readiness')
const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]) // HealthCheckRequest { service }
const serving = Buffer.from([0x08, 1]) // HealthCheckResponse { status: SERVING }

const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
const bytes = (message: Buffer) => message
client.makeUnaryRequest(
  '/grpc.health.v1.Health/Check',
  bytes,
  bytes,
  request,
  { deadline: Date.now() + 3_000 },
  (error, answer) => {
    if (!error && answer?.equals(serving)) process.exit(0)
    console.error(error?.message ?? 'NOT_SERVING')
    process.exit(1)
  },
)
