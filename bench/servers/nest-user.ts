import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { GrpcMethod, Transport, type MicroserviceOptions } from '@nestjs/microservices'
import { createServer, type AddressInfo } from 'node:net'
import { loaderOptions } from './definition.ts'
import { serving } from './serving.ts'
import { user } from './users.ts'

// Decorators are functions: called as such they need no compiler.
class UserController {
  getUser({ userId }: { userId: string }) {
    return { user: user(userId as never) }
  }
}
const method = 'getUser'
GrpcMethod('UserService', 'GetUser')(
  UserController.prototype,
  method,
  Object.getOwnPropertyDescriptor(UserController.prototype, method)!,
)
Controller()(UserController)

class AppModule {}
Module({ controllers: [UserController] })(AppModule)

/** Nest does not tell which port it was given. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

const port = await freePort()
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
  transport: Transport.GRPC,
  logger: ['error'],
  options: {
    package: 'quartet.user.v1',
    protoPath: 'quartet/user/v1/user.proto',
    loader: loaderOptions,
    url: `127.0.0.1:${port}`,
  },
})
await app.listen()
serving(port)
