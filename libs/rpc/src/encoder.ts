import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import { nameOf } from './plain.ts'
import { output, scalars, signed, type Encoding, type Write } from './scalar-encodings.ts'

type Fields = Record<string, unknown>

/**
 * The bytes of a message, from the object that proto-loader has for it: 64-bit numbers as strings or numbers, enums by name
 * or number, of a oneof the member that is there. Written field by field. proto-loader copies the object into a message of
 * protobufjs, which makes a list of what is to be written first: four times the work.
 *
 * @throws TypeError, SyntaxError or RangeError for a value that is not one of its field's.
 */
export const encodeMessage = (schema: DescMessage, message: object): Buffer => {
  if (Array.isArray(message)) throw new TypeError(`a list is no ${schema.typeName}`)
  output.clear()
  writerOf(schema)(message)
  return output.take()
}

const writers = new WeakMap<DescMessage, Write>()

/** How to write a message, worked out once for each kind. */
const writerOf = (schema: DescMessage): Write => {
  let writer = writers.get(schema)
  if (!writer) {
    const names = schema.fields.map(nameOf)
    const fields = schema.fields.map(fieldWriter)
    writer = (message) => {
      if (typeof message !== 'object') throw new TypeError(`${typeof message} is no ${schema.typeName}`)
      for (let i = 0; i < fields.length; i++) {
        const value = (message as Fields)[names[i]!]
        if (value !== undefined && value !== null) fields[i]!(value)
      }
    }
    writers.set(schema, writer)
  }
  return writer
}

const fieldWriter = (field: DescField): Write => {
  switch (field.fieldKind) {
    case 'list':
      return listWriter(field)
    case 'map': {
      const key = tagged(1, scalars[field.mapKey])
      const value = tagged(2, encodingOf(field.mapKind, field))
      const entry = withLength((pair) => {
        key((pair as [string, unknown])[0])
        value((pair as [string, unknown])[1])
      })
      const write = tagged(field.number, entry)
      return (map) => Object.entries(map as Fields).forEach(write)
    }
    default: {
      const write = tagged(field.number, encodingOf(field.fieldKind, field))
      if (field.presence !== Presence.IMPLICIT) return write
      return (value) => {
        if (value !== '' && value !== false && !Object.is(value, 0)) write(value)
      }
    }
  }
}

const listWriter = (field: DescField & { fieldKind: 'list' }): Write => {
  const item = encodingOf(field.listKind, field)
  const each = (write: Write) => (list: unknown) => {
    for (const one of list as unknown[]) write(one)
  }
  if (!field.packed) return each(tagged(field.number, item))
  const write = tagged(field.number, withLength(each(item.write)))
  return (list) => {
    if ((list as unknown[]).length) write(list)
  }
}

const tagged = (number: number, { wireType, write }: Encoding): Write => {
  const tag = number * 8 + wireType
  return (value) => {
    output.varint(tag)
    write(value)
  }
}

const withLength = (write: Write): Encoding => {
  let width = 1
  return {
    wireType: WireType.LengthDelimited,
    write(value) {
      const opened = width
      const at = output.open(opened)
      write(value)
      width = output.close(at, opened)
    },
  }
}

const encodingOf = (kind: 'scalar' | 'enum' | 'message', field: DescField): Encoding => {
  if (kind === 'scalar') return scalars[field.scalar!]
  if (kind === 'enum') return enumeration(field.enum!)
  // Looked up when first needed: a message may contain itself.
  let writer: Write | undefined
  return withLength((message) => (writer ??= writerOf(field.message!))(message))
}

const enumeration = ({ typeName, values }: DescEnum): Encoding => {
  const numbers = new Map<unknown, number>(values.map(({ name, number }) => [name, number]))
  return {
    wireType: WireType.Varint,
    write(value) {
      const number = typeof value === 'number' ? value : numbers.get(value)
      if (number === undefined) throw new TypeError(`${String(value)} is no ${typeName}`)
      signed(number)
    },
  }
}
