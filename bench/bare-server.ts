import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

// The yardstick: the least that grpc-js and proto-loader can be, one unary method and nothing around it.
const proto = `${import.meta.dirname}/../proto/third_party/grpc/health/v1/health.proto`
const { grpc } = loadPackageDefinition(loadSync(proto, { enums: String })) as never as {
  grpc: { health: { v1: { Health: { service: never } } } }
}
const server = new Server()
server.addService(grpc.health.v1.Health.service, {
  Check: (_: unknown, callback: (error: null, answer: object) => void) =>
    callback(null, { status: 'SERVING' }),
})
const [, , port, host = '127.0.0.1'] = process.argv
server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
})
