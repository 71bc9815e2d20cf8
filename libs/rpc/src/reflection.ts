import { toBinary, type DescFile } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { status } from '@grpc/grpc-js'
import { People, type Service } from '@quartet/proto/contract'
import { Health, ServerReflection, ServerReflectionAlpha } from '@quartet/proto/grpc'
import { ErrorInfoSchema } from '@quartet/proto/rpc-status'
import { RpcError } from './errors.ts'
import type { Handlers } from './handlers.ts'
import { implement, type Implementation } from './implementation.ts'

/** Set by Envoy: who asks at the edge wants to know everything that can be called there, not just one service. */
const edgeHeader = 'x-quartet-edge'

/**
 * grpc.reflection v1 and v1alpha, which differ in name only. Answers with the descriptors themselves, so that custom
 * options and imports between packages survive (@grpc/reflection loses both: grpc/grpc-node#3018).
 */
export const reflection = (services: readonly Service[]): Implementation[] => {
  const own = index(services)
  const handlers: Handlers<typeof ServerReflection> = {
    async *serverReflectionInfo(requests, { metadata }) {
      const { names, files } = metadata.get(edgeHeader).length ? await wholeContract() : own
      const sent = new Set<DescFile>()
      for await (const request of requests) {
        const answer = { validHost: request.host, originalRequest: request }
        const found = (file: DescFile | undefined) =>
          file
            ? { ...answer, fileDescriptorResponse: { fileDescriptorProto: withImports(file, sent) } }
            : {
                ...answer,
                errorResponse: { errorCode: status.NOT_FOUND, errorMessage: 'not in the contract' },
              }
        switch (request.messageRequest) {
          case 'listServices':
            yield { ...answer, listServicesResponse: { service: names.map((name) => ({ name })) } }
            break
          case 'fileByFilename':
            yield found(files.get(request.fileByFilename!))
            break
          case 'fileContainingSymbol':
            yield found(files.get(request.fileContainingSymbol!))
            break
          case 'fileContainingExtension': {
            const { containingType, extensionNumber } = request.fileContainingExtension!
            yield found(files.get(`${containingType}#${extensionNumber}`))
            break
          }
          case 'allExtensionNumbersOfType': {
            const prefix = `${request.allExtensionNumbersOfType}#`
            const numbers = [...files.keys()].filter((key) => key.startsWith(prefix))
            yield {
              ...answer,
              allExtensionNumbersResponse: {
                baseTypeName: request.allExtensionNumbersOfType,
                extensionNumber: numbers.map((key) => Number(key.slice(prefix.length))),
              },
            }
            break
          }
          default:
            throw new RpcError(status.INVALID_ARGUMENT, 'REFLECTION_REQUEST_EMPTY')
        }
      }
    },
  }
  return [implement(ServerReflection, handlers), implement(ServerReflectionAlpha, handlers as never)]
}

/** All that people may call. Loaded when first asked for: a service needs only its own part of the contract. */
const wholeContract = (): Promise<Index> =>
  (contract ??= import('@quartet/proto/all').then(({ allServices }) =>
    index(
      allServices.filter(({ methods }) => methods.some(({ policy }) => policy?.people !== People.NOBODY)),
    ),
  ))

let contract: Promise<Index> | undefined

interface Index {
  readonly names: string[]
  /** By file name, by full name of anything declared in it, and "extended.Type#number" for extensions. */
  readonly files: ReadonlyMap<string, DescFile>
}

const index = (services: readonly Service[]): Index => {
  const files = new Map<string, DescFile>()
  const add = (file: DescFile) => {
    const name = `${file.name}.proto`
    if (files.has(name)) return
    files.set(name, file)
    for (const type of nestedTypes(file)) {
      files.set(type.typeName, file)
      if (type.kind === 'service')
        for (const { name } of type.methods) files.set(`${type.typeName}.${name}`, file)
      if (type.kind === 'message')
        for (const { name } of type.fields) files.set(`${type.typeName}.${name}`, file)
      if (type.kind === 'extension') files.set(`${type.extendee.typeName}#${type.number}`, file)
    }
    file.dependencies.forEach(add)
  }
  for (const { descriptor } of services) add(descriptor.file)
  const infrastructure = [Health, ServerReflection, ServerReflectionAlpha]
  for (const { descriptor } of infrastructure) add(descriptor.file)
  // Nothing imports the details of an error, and without them a tool can print an error's bytes only.
  add(ErrorInfoSchema.file)
  return { names: [...services, ...infrastructure].map(({ name }) => name), files }
}

/** The file that was asked for, always and first, and all that it imports, less what this stream has sent before. */
const withImports = (file: DescFile, sent: Set<DescFile>): Buffer[] => {
  sent.delete(file)
  const files: DescFile[] = []
  const visit = (next: DescFile) => {
    if (sent.has(next)) return
    sent.add(next)
    files.push(next)
    next.dependencies.forEach(visit)
  }
  visit(file)
  return files.map(({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)))
}
