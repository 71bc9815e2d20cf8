import { getOption, hasOption, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { field as rulesOf, Ignore } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { randomUUIDv7 } from 'node:crypto'
import { requestOf, type RpcError } from '@quartet/rpc'
import type { Method, Service } from '@quartet/proto/contract'
import { allServices } from '@quartet/proto/all'
import { exampleOf } from './examples.ts'

// Each example is what its service takes; with one of its fields broken it is refused, and the violation names the field.

type Fields = Record<string, unknown>

/** With something that is as valid in place of what exists only in a running suite. */
const filled = (template: unknown): unknown => {
  if (typeof template === 'string')
    return template.replaceAll(/\{([\w.]+)\}/g, (_, name: string) =>
      name.endsWith('.email') ? 'ada@example.org' : randomUUIDv7(),
    )
  if (Array.isArray(template)) return template.map(filled)
  if (typeof template !== 'object' || template === null || template instanceof Uint8Array) return template
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, filled(value)]))
}

const requestsOf = (method: Method) => [filled(exampleOf(method).request)].flat() as Fields[]

/** The fields that the service says are wrong with a request. */
const wrong = (service: Service, { localName }: Method, request: Fields): string[] => {
  try {
    requestOf(service, localName as never, request as never)
    return []
  } catch (error) {
    const { details } = error as RpcError
    return details.flatMap(({ message }) =>
      (message as unknown as { fieldViolations: { field: string }[] }).fieldViolations.map(
        ({ field }) => field,
      ),
    )
  }
}

interface Broken {
  /** As a violation names it: "items[0].unit_price". */
  readonly field: string
  readonly requests: readonly Fields[]
}

const many = <T>(value: T) => Array.from({ length: 2_000 }, () => value)

/** Values that no rule for such a field allows: missing, too long, too many, too large, too small, unknown. */
const breaking = (field: DescField, value: unknown): unknown[] => {
  if (field.fieldKind === 'list') {
    const [first] = value as unknown[]
    return [many(first), ...(typeof first === 'string' ? [['x'.repeat(20_000)]] : [])]
  }
  if (field.fieldKind === 'map')
    return [Object.fromEntries(many(Object.values(value as Fields)[0]).map((one, i) => [`k${i}`, one]))]
  if (field.fieldKind === 'enum') return [99]
  if (field.fieldKind === 'message')
    return [
      undefined,
      ...field.message.fields.flatMap((inner) => {
        const { [inner.localName]: held, ...rest } = value as Fields
        return held === undefined
          ? []
          : breaking(inner, held).map((other) => ({ ...rest, [inner.localName]: other }))
      }),
    ]
  if (typeof value === 'string') return ['x'.repeat(20_000)]
  if (value instanceof Uint8Array) return [Buffer.alloc(2 * 1024 * 1024)]
  return typeof value === 'number' ? [-1, 2 ** 31 - 1] : []
}

/** Copies of a request, each with one field broken that the contract has a rule for. */
const brokenCopies = (schema: DescMessage, request: Fields, path = ''): Broken[] =>
  schema.fields.flatMap((field): Broken[] => {
    const value = request[field.localName]
    if (value === undefined || isForHandler(field)) return []
    const name = path + field.name
    const put = (other: unknown) => ({ ...request, [field.localName]: other })
    const inner = (one: unknown, at: string, wrap: (other: unknown) => unknown) =>
      brokenCopies(field.message!, one as Fields, `${at}.`).map(({ field, requests }) => ({
        field,
        requests: requests.map((other) => put(wrap(other))),
      }))
    const own = hasOption(field, rulesOf) ? [{ field: name, requests: breaking(field, value).map(put) }] : []
    if (!field.message || field.fieldKind === 'map') return own
    if (field.fieldKind === 'list')
      return [...own, ...inner((value as unknown[])[0], `${name}[0]`, (other) => [other])]
    return [...own, ...inner(value, name, (other) => other)]
  })

/** An item of a stream that the handler looks at itself: one that breaks a rule is listed, and the others count. */
const isForHandler = (field: DescField) => getOption(field, rulesOf).ignore === Ignore.ALWAYS

describe.each(allServices.map((service) => [service.name, service] as const))('%s', (_name, service) => {
  test.each(service.methods.map((method) => [method.name, method] as const))('%s', (_, method) => {
    for (const request of requestsOf(method)) {
      expect(wrong(service, method, request)).toEqual([])
      const accepted = brokenCopies(method.descriptor.input, request).filter(
        ({ field, requests }) =>
          !requests.some((broken) => wrong(service, method, broken).some((one) => one.startsWith(field))),
      )
      expect(accepted.map(({ field }) => field)).toEqual([])
    }
  })
})
