import { getOption, hasOption, type DescMethod, type DescService } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt'
import { policy, type Policy } from './gen/es/quartet/contract/v1/contract_pb.js'

export { People, PolicySchema, type Policy } from './gen/es/quartet/contract/v1/contract_pb.js'

/** The four kinds of RPC, as protobuf-es names them. */
export type MethodKind = DescMethod['methodKind']

/** One method of the contract: what it says of itself. */
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
  /** protobuf-es's view: for its messages, their validation, reflection and options. */
  readonly descriptor: DescMethod
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

/** The service that `descriptor` describes. */
export const loadService = <Definition, Handlers>(
  descriptor: DescService,
): Service<Definition, Handlers> => ({
  name: descriptor.typeName,
  descriptor,
  methods: descriptor.methods.map(describe),
})

const describe = (descriptor: DescMethod): Method => ({
  name: descriptor.name,
  localName: descriptor.localName,
  path: `/${descriptor.parent.typeName}/${descriptor.name}`,
  kind: descriptor.methodKind,
  policy: hasOption(descriptor, policy) ? getOption(descriptor, policy) : undefined,
  idempotent: descriptor.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN,
  descriptor,
})
