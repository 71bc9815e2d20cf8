import { join } from 'node:path'
import { renderEnvoy, type Edge } from '../envoy/render.ts'
import { services } from '../services.ts'

// Envoy's configuration for its image, into the folder given: each service is found under its name, as DNS has it in
// Compose and in Kubernetes. Below it another one, for Kubernetes with mTLS.
const directory = process.argv[2]!
const edge: Edge = {
  directory,
  edge: { host: '0.0.0.0', port: 8080 },
  adminPort: 9901,
  metricsPort: 9902,
  services: services().map(({ name }) => ({ name, host: name, port: 50051 })),
}
await renderEnvoy(edge)
await renderEnvoy({ ...edge, directory: join(directory, 'mtls'), certificates: '/run/certificates' })
