import { getOption } from '@bufbuild/protobuf'
import { allServices } from '../all.ts'
import type { Method } from '../contract.ts'
import { http } from '../gen/es/google/api/annotations_pb.js'

const methods = allServices.flatMap((service) => service.methods)

// Bidirectional streams and what only services call have no JSON; UploadFile is UploadChunks for HTTP.
const withoutJson = ({ kind, path }: Method) =>
  kind === 'bidi_streaming' || path.includes('MetricsService') || path.endsWith('/UploadChunks')

/** `get /v1/users/{user_id}`, or nothing. */
function routeOf({ descriptor }: Method): string | undefined {
  const { pattern } = getOption(descriptor, http)
  return typeof pattern.value === 'string' ? `${pattern.case} ${pattern.value}` : undefined
}

test('every method that JSON can reach has one path, and no two the same', () => {
  const unrouted = methods.filter((method) => routeOf(method) === undefined)
  expect(unrouted.map(({ path }) => path)).toEqual(methods.filter(withoutJson).map(({ path }) => path))
  // What a segment is called makes no difference to a router.
  const routes = methods.flatMap((method) => routeOf(method)?.replace(/\{\w+\}/g, '{}') ?? [])
  expect(routes).toEqual([...new Set(routes)])
})

test('what a path and a body name are fields of the request', () => {
  const strangers = methods.flatMap((method) => {
    const { name, descriptor } = method
    const { body } = getOption(descriptor, http)
    const named = [...(routeOf(method)?.match(/(?<=\{)\w+/g) ?? []), ...(body && body !== '*' ? [body] : [])]
    const fields = descriptor.input.fields.map((field) => field.name)
    return named.filter((field) => !fields.includes(field)).map((field) => `${name}: ${field}`)
  })
  expect(strangers).toEqual([])
})
