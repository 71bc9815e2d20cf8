import { getOption, type DescMethod } from '@bufbuild/protobuf'
import type { Method } from '@quartet/proto/contract'

/** A message google.api.HttpRule: one of `get`, `post`, ... with a path template, or another verb as `custom`. */
interface HttpRule {
  readonly pattern:
    | { readonly case: 'get' | 'put' | 'post' | 'delete' | 'patch'; readonly value: string }
    | { readonly case: 'custom'; readonly value: { readonly kind: string; readonly path: string } }
    | { readonly case: undefined }
  readonly body: string
  readonly additionalBindings: readonly HttpRule[]
}

/**
 * The HTTP methods and path templates (`/v1/users/{user_id}`) that reach a method as JSON. The body is the field of the
 * request that it names, "*" for all that is not in the path, "" for none.
 */
export const jsonPaths = ({ descriptor }: Method): { verb: string; template: string; body: string }[] => {
  const rule = httpRule(descriptor)
  return [rule, ...(rule?.additionalBindings ?? [])].flatMap((binding) => {
    if (!binding?.pattern.case) return []
    const { case: verb, value } = binding.pattern
    const { body } = binding
    return verb === 'custom'
      ? { verb: value.kind, template: value.path, body }
      : { verb: verb.toUpperCase(), template: value, body }
  })
}

/** The option google.api.http, as the method's own file imports it. */
const httpRule = (method: DescMethod): HttpRule | undefined => {
  const imported = method.parent.file.dependencies.flatMap(({ extensions }) => extensions)
  const option = imported.find(({ typeName }) => typeName === 'google.api.http')
  return option && (getOption(method, option) as HttpRule)
}
