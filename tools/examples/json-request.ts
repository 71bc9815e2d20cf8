import {
  createRegistry,
  fromBinary,
  toJson,
  type DescMessage,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf'
import { codecOf } from '@quartet/proto/codec'
import type { Method } from '@quartet/proto/contract'
import { jsonPaths } from '../envoy/json-paths.ts'

/** A request over HTTP. */
interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly contentType: string
  readonly body?: string | Buffer<ArrayBuffer>
}

/** The requests of a call as its google.api.http option maps them; undefined where the method has none. */
export const jsonRequest = (method: Method, requests: readonly object[]): HttpRequest | undefined => {
  const [binding] = jsonPaths(method)
  if (!binding) return undefined
  const { verb, template, body } = binding
  const messages = requests.map((one) => jsonOf(method, one))
  const rest = messages[0] ?? {}
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const field = jsonName(method.descriptor.input, name)
    const value = rest[field]
    delete rest[field]
    return encodeURIComponent(text(value ?? 'x'))
  })

  if (body === '*') {
    const whole = method.kind === 'client_streaming' ? messages : rest
    return { method: verb, path, contentType: 'application/json', body: JSON.stringify(whole) }
  }
  const bodyField = body && jsonName(method.descriptor.input, body)
  const content = bodyField ? rest[bodyField] : undefined
  if (bodyField) delete rest[bodyField]
  const query = new URLSearchParams(flat(rest)).toString()
  return {
    method: verb,
    path: query ? `${path}?${query}` : path,
    ...(isHttpBody(method.descriptor.input, body)
      ? rawBody(messages.map((message, i) => (i === 0 ? content : message[bodyField]) as HttpBody))
      : { contentType: 'application/json', ...(bodyField && { body: JSON.stringify(content ?? {}) }) }),
  }
}

/** A request, or the bytes of one, as JSON has it (google.api.HttpBody as base64). */
export const jsonOf = (method: Method, request: object): JsonObject => {
  const { input } = method.descriptor
  const bytes = Buffer.isBuffer(request) ? request : codecOf(method).requestSerialize(request)
  return toJson(input, fromBinary(input, bytes), { registry: createRegistry(input) }) as JsonObject
}

const jsonName = ({ fields }: DescMessage, name: string) =>
  fields.find((field) => field.name === name)!.jsonName

interface HttpBody {
  readonly contentType?: string
  readonly data?: string
}

const isHttpBody = ({ fields }: DescMessage, name: string) =>
  fields.find((field) => field.name === name)?.message?.typeName === 'google.api.HttpBody'

/** google.api.HttpBody travels as it is, a stream of it in one piece. */
const rawBody = (parts: readonly (HttpBody | undefined)[]) => ({
  contentType: parts[0]?.contentType ?? 'application/octet-stream',
  body: Buffer.concat(parts.map((part) => Buffer.from(part?.data ?? '', 'base64'))),
})

/** Fields as a query has them: `filter.role=…`. */
const flat = (fields: JsonObject, prefix = ''): [string, string][] =>
  Object.entries(fields).flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.map((one): [string, string] => [prefix + name, text(one)])
    if (typeof value === 'object' && value) return flat(value, `${prefix}${name}.`)
    return [[prefix + name, text(value)]]
  })

const text = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))
