import { createFileRegistry, fromBinary, getOption, hasOption } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { People, type Policy } from '@quartet/proto/contract'

/** Whom a method lets in. */
export interface Rule {
  readonly people: People
  readonly services: readonly string[]
}

/** The rules of a contract by method ("quartet.user.v1.UserService/GetUser"). A method without a policy is closed. */
export type Rules = ReadonlyMap<string, Rule>

/** Reads them from a serialized FileDescriptorSet, which need not be that of the generated code. */
export const readRules = (descriptorSet: Uint8Array): Rules => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet))
  const option = registry.getExtension('quartet.contract.v1.policy')
  const services = [...registry].filter((desc) => desc.kind === 'service')
  return new Map(
    services
      .filter(({ typeName }) => typeName.startsWith('quartet.'))
      .flatMap(({ typeName, methods }) =>
        methods.map((method) => {
          const policy =
            option && hasOption(method, option) ? (getOption(method, option) as Policy) : undefined
          const { people = People.NOBODY, services = [] } = policy ?? {}
          return [`${typeName}/${method.name}`, { people, services }] as const
        }),
      ),
  )
}
