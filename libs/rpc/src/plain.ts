import { ScalarType, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'

/** Fields by their names, whichever of the two readers has made it. */
type Fields = Record<string, unknown>
type Convert = (value: unknown) => unknown

/**
 * The object that proto-loader would have decoded, from the message that protobuf-es did: 64-bit numbers and enums as
 * strings, bytes as Buffers over the very bytes that came, defaults filled in, the chosen member of a oneof under the
 * oneof's name. It takes over what needs no conversion: the message is not to be used any more.
 */
export const toPlain = (schema: DescMessage, message: Message): object => planOf(schema)(message as never)

const plans = new WeakMap<DescMessage, (message: Fields) => Fields>()

/** How to convert a message, worked out once for each kind. */
const planOf = (schema: DescMessage): ((message: Fields) => Fields) => {
  let plan = plans.get(schema)
  if (!plan) {
    const steps = schema.fields.map(stepOf)
    plan = (message) => {
      const plain: Fields = {}
      for (const step of steps) step(message, plain)
      return plain
    }
    plans.set(schema, plan)
  }
  return plan
}

const stepOf = (field: DescField): ((message: Fields, plain: Fields) => void) => {
  const { localName, oneof } = field
  const name = nameOf(field)
  const convert = converterOf(field)
  if (oneof) {
    const group = camelCase(oneof.name)
    return (message, plain) => {
      const chosen = message[oneof.localName] as { case?: string; value?: unknown }
      if (chosen.case !== localName) return
      plain[name] = convert(chosen.value)
      plain[group] = name
    }
  }
  if (field.proto.proto3Optional) {
    const group = camelCase(field.parent.proto.oneofDecl[field.proto.oneofIndex]!.name)
    return (message, plain) => {
      if (message[localName] === undefined) return
      plain[name] = convert(message[localName])
      plain[group] = name
    }
  }
  if (field.fieldKind === 'message')
    return (message, plain) => {
      const value = message[localName]
      plain[name] = value === undefined ? null : convert(value)
    }
  return (message, plain) => {
    plain[name] = convert(message[localName])
  }
}

const converterOf = (field: DescField): Convert => {
  switch (field.fieldKind) {
    case 'scalar':
      return scalar(field.scalar)
    case 'enum':
      return enumeration(field)
    case 'message':
      return messages(field)
    case 'list': {
      const convert = itemConverter(field.listKind, field)
      return convert === asItIs ? asItIs : (list) => (list as unknown[]).map((item) => convert(item))
    }
    case 'map': {
      const convert = itemConverter(field.mapKind, field)
      return convert === asItIs ? asItIs : (map) => mapValues(map as Fields, convert)
    }
  }
}

const itemConverter = (kind: 'scalar' | 'enum' | 'message', field: DescField): Convert =>
  kind === 'scalar' ? scalar(field.scalar!) : kind === 'enum' ? enumeration(field) : messages(field)

const asItIs: Convert = (value) => value

const scalar = (type: ScalarType): Convert => {
  switch (type) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return String
    case ScalarType.BYTES:
      return (value) => {
        const { buffer, byteOffset, byteLength } = value as Uint8Array<ArrayBuffer>
        return Buffer.from(buffer, byteOffset, byteLength)
      }
    default:
      return asItIs
  }
}

/** A value without a name stays a number. */
const enumeration = ({ enum: desc }: DescField): Convert => {
  const names = new Map(desc!.values.map(({ number, name }) => [number, name]))
  return (value) => names.get(value as number) ?? value
}

const messages = (field: DescField): Convert => {
  const { message: schema, parent } = field
  // Two of Google's types are no messages to protobuf-es, in most places.
  if (schema!.typeName === 'google.protobuf.Struct' && parent.typeName !== 'google.protobuf.Value')
    return struct
  if (isWrapperDesc(schema!) && field.fieldKind === 'message' && !field.oneof) {
    const convert = converterOf(schema!.fields[0]!)
    return (value) => ({ value: convert(value) })
  }
  // Looked up when first needed: a message may contain itself.
  let plan: ReturnType<typeof planOf> | undefined
  return (message) => (plan ??= planOf(schema!))(message as Fields)
}

const struct: Convert = (json) => ({ fields: mapValues(json as Fields, structValue) })

const structValue: Convert = (json) => {
  if (json === null) return { nullValue: 'NULL_VALUE', kind: 'nullValue' }
  if (Array.isArray(json)) return { listValue: { values: json.map(structValue) }, kind: 'listValue' }
  if (typeof json === 'object') return { structValue: struct(json), kind: 'structValue' }
  const kind = `${typeof json === 'boolean' ? 'bool' : typeof json}Value`
  return { [kind]: json, kind }
}

/** Whatever the keys are called, `__proto__` too. */
const mapValues = (map: Fields, convert: Convert): Fields =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, convert(value)]))

/** proto-loader's name of a field. Google's Any is built into protobufjs, and there not in camel case. */
export const nameOf = ({ name, parent }: DescField) =>
  parent.typeName === 'google.protobuf.Any' ? name : camelCase(name)

const camelCase = (name: string) =>
  name.charAt(0) + name.slice(1).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
