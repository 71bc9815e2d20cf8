import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { serving } from './serving.ts'

/** The yardstick: grpc-js and proto-loader with nothing around them. */
export const serveBare = (
  definition: ServiceDefinition<UntypedServiceImplementation>,
  handlers: UntypedServiceImplementation,
  work?: (amount: number) => void,
): void => {
  const server = new Server()
  server.addService(definition, handlers)
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error
    serving(port, work)
  })
}
