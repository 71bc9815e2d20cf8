import { getOption, hasOption, ScalarType, type DescMethod, type FileRegistry } from '@bufbuild/protobuf'
import type { People, Policy } from '../gen/es/quartet/contract/v1/contract_pb.js'

// Numbers, since this runs before the generated code is there to be imported.
const PEOPLE_UNSPECIFIED: People.UNSPECIFIED = 0

const SERVICES = ['user', 'order', 'upload', 'chat']

/**
 * What keeps the contract's methods from being served: one line for each method of a `quartet.*` service whose
 * policy is missing or says something that nobody could enforce. Empty: all is well.
 */
export function policyMistakes(registry: FileRegistry): string[] {
  const services = Array.from(registry).filter((desc) => desc.kind === 'service')
  return services
    .filter(({ typeName }) => typeName.startsWith('quartet.'))
    .flatMap(({ methods }) => methods)
    .flatMap((method) => {
      const mistakes = methodMistakes(method, readPolicy(registry, method))
      return mistakes.length ? `${method.parent.typeName}/${method.name} ${mistakes.join(', ')}` : []
    })
}

function readPolicy(registry: FileRegistry, method: DescMethod): Policy | undefined {
  const extension = registry.getExtension('quartet.contract.v1.policy')
  return extension && hasOption(method, extension) ? (getOption(method, extension) as Policy) : undefined
}

function methodMistakes({ input }: DescMethod, policy: Policy | undefined): string[] {
  if (!policy) return ['has no (quartet.contract.v1.policy)']
  const { people, services, timeout, idempotencyKey } = policy
  const key = input.fields.find((field) => field.name === idempotencyKey)
  const keyIsString = key?.fieldKind === 'scalar' && key.scalar === ScalarType.STRING
  return [
    ...(people === PEOPLE_UNSPECIFIED ? ['does not say which people may call'] : []),
    ...services
      .filter((name) => !SERVICES.includes(name))
      .map((name) => `opens itself to "${name}", which is none of ${SERVICES.join(', ')}`),
    ...(timeout && (timeout.seconds > 0n || timeout.nanos > 0) ? [] : ['has no timeout']),
    ...(idempotencyKey && !keyIsString
      ? [`has the idempotency_key "${idempotencyKey}", which is no string field of ${input.name}`]
      : []),
  ]
}
