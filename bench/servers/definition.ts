import { join } from 'node:path'
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const proto = join(import.meta.dirname, '../../proto')

/** The kit's own options, so that all encode and decode alike. */
export const loaderOptions = {
  includeDirs: ['stubs', '.', 'third_party'].map((folder) => join(proto, folder)),
  keepCase: false,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
}

/** A service of the contract as grpc-js and its peers know it: from its .proto file, and without its rules. */
export const definition = (file: string, service: string): ServiceDefinition<UntypedServiceImplementation> =>
  loadSync(file, loaderOptions)[service] as ServiceDefinition<UntypedServiceImplementation>

export const userService = () => definition('quartet/user/v1/user.proto', 'quartet.user.v1.UserService')
export const uploadService = () =>
  definition('quartet/upload/v1/upload.proto', 'quartet.upload.v1.UploadService')
export const chatService = () => definition('quartet/chat/v1/chat.proto', 'quartet.chat.v1.ChatService')
