import { invalidArgument } from '@quartet/rpc'
import type { Struct, Struct__Output, Value, Value__Output } from '@quartet/proto/order'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type Attributes = { readonly [name: string]: Json }

/** Bytes, as JSON. */
const maxSize = 4 * 1024

/**
 * The customer's attributes as JSON, names in alphabetical order: a client may write a map in another order each time,
 * and it is the same request all the same.
 *
 * @throws RpcError INVALID_ARGUMENT when they are too large, or hold what jsonb cannot: NaN, infinity, the character 0.
 */
export const fromStruct = (struct: Struct__Output): Attributes => {
  const attributes = objectOf(struct)
  const size = Buffer.byteLength(JSON.stringify(attributes))
  if (size > maxSize) throw refused(`must not be larger than ${maxSize} bytes as JSON: it has ${size}`)
  return attributes
}

/** Attributes as the contract has them. */
export const toStruct = (attributes: Attributes): Struct => ({
  fields: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, toValue(value)])),
})

const objectOf = ({ fields }: Struct__Output): Attributes =>
  Object.fromEntries(
    Object.keys(fields)
      .toSorted()
      .map((name) => [text(name), fromValue(fields[name]!)]),
  )

const fromValue = (value: Value__Output): Json => {
  switch (value.kind) {
    case 'boolValue':
      return value.boolValue!
    case 'numberValue':
      if (!Number.isFinite(value.numberValue)) throw refused('must not hold a number that is none')
      return value.numberValue!
    case 'stringValue':
      return text(value.stringValue!)
    case 'listValue':
      return value.listValue!.values.map(fromValue)
    case 'structValue':
      return objectOf(value.structValue!)
    default:
      return null
  }
}

const toValue = (json: Json): Value => {
  if (json === null) return { nullValue: 'NULL_VALUE' }
  if (typeof json === 'boolean') return { boolValue: json }
  if (typeof json === 'number') return { numberValue: json }
  if (typeof json === 'string') return { stringValue: json }
  return Array.isArray(json)
    ? { listValue: { values: json.map(toValue) } }
    : { structValue: toStruct(json as Attributes) }
}

const text = (text: string) => {
  if (text.includes('\0')) throw refused('must not hold the character 0')
  return text
}

const refused = (description: string) =>
  invalidArgument([{ field: 'attributes', description, reason: 'ATTRIBUTES' }])
