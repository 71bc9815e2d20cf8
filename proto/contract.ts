import { join } from 'node:path'
import { getOption, hasOption, type DescMethod, type DescService } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt'
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader'
import { policy, type Policy } from './gen/es/quartet/contract/v1/contract_pb.js'

export { People, PolicySchema, type Policy } from './gen/es/quartet/contract/v1/contract_pb.js'

/** The four kinds of RPC, as protobuf-es names them. */
export type MethodKind = DescMethod['methodKind']

/** One method of the contract: what it says of itself, and what puts its messages on the wire. */
export interface Method {
  /** As in the .proto: `GetUser`. */
  readonly name: string
  /** As in TypeScript: `getUser`. */
  readonly localName: string
  /** As on the wire: `/quartet.user.v1.UserService/GetUser`. */
  readonly path: string
  readonly kind: MethodKind
  /** Undefined: the method says nothing, and is closed. */
  readonly policy: Policy | undefined
  /** Whether the contract says that a repeated call does no harm. */
  readonly idempotent: boolean
  /** protobuf-es's view: for validation, reflection and options. */
  readonly descriptor: DescMethod
  /** proto-loader's view: `requestSerialize`, `responseDeserialize` and so on. */
  readonly codec: MethodDefinition<object, object>
}

/**
 * A service of the contract. `Definition` and `Handlers` are the `…ServiceDefinition` and `…ServiceHandlers` that
 * proto-loader generates; they give handlers and clients their types and are never there at run time.
 */
export interface Service<Definition = unknown, Handlers = unknown> {
  /** With its package: `quartet.user.v1.UserService`. */
  readonly name: string
  readonly descriptor: DescService
  readonly methods: readonly Method[]
  readonly types?: { readonly definition: Definition; readonly handlers: Handlers }
}

const here = import.meta.dirname

/**
 * The service that `descriptor` describes, with the codecs that proto-loader makes of the same .proto file. The
 * file is read as text because proto-loader ignores `keepCase: false` in a descriptor set (0.8.1). The files in
 * stubs/ hide those that only declare options, which no codec needs: loading takes half as long without them.
 *
 * Throws when the generated code and the .proto file are not of the same time.
 */
export function loadService<Definition, Handlers>(descriptor: DescService): Service<Definition, Handlers> {
  const file = `${descriptor.file.name}.proto`
  // The same options as for the generated types (tools/gen.ts): the two must agree.
  const definitions = loadSync(file, {
    includeDirs: ['stubs', '.', 'third_party'].map((folder) => join(here, folder)),
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  })
  const codecs = (definitions[descriptor.typeName] ?? {}) as ServiceDefinition
  const methods = descriptor.methods.map((method) => {
    const codec = codecs[method.name]
    if (codec) return describe(method, codec)
    throw new Error(
      `${file} has no ${descriptor.name}.${method.name}, but proto/gen has: run \`npm run gen\`.`,
    )
  })
  return { name: descriptor.typeName, descriptor, methods }
}

const describe = (descriptor: DescMethod, codec: MethodDefinition<object, object>): Method => ({
  name: descriptor.name,
  localName: descriptor.localName,
  path: codec.path,
  kind: descriptor.methodKind,
  policy: hasOption(descriptor, policy) ? getOption(descriptor, policy) : undefined,
  idempotent: descriptor.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN,
  descriptor,
  codec,
})
