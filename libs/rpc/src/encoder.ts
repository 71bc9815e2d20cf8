import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import { nameOf } from './plain.ts'
import { WireOutput } from './wire-output.ts'

type Fields = Record<string, unknown>
type Write = (value: unknown) => void
/** How the values of one type are written. */
interface Encoding {
  readonly wireType: WireType
  readonly write: Write
}

/** One for all: nothing else runs while a message is written. */
const output = new WireOutput()

/**
 * The bytes of a message, from the object that proto-loader has for it: 64-bit numbers as strings or numbers, enums by name
 * or number, of a oneof the member that is there. Written field by field. proto-loader copies the object into a message of
 * protobufjs, which makes a list of what is to be written first: four times the work.
 *
 * @throws TypeError, SyntaxError or RangeError for a value that is not one of its field's.
 */
export const encodeMessage = (schema: DescMessage, message: object): Buffer => {
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

/** Keys of maps come as text. */
const whole = (value: unknown): number => {
  const number = Number(value)
  if (!Number.isInteger(number)) throw new TypeError(`${String(value)} is no whole number`)
  return number
}
const signed = (value: number) => (value < 0 ? output.varint64(BigInt(value)) : output.varint(value))
const long: Write = (value) => {
  const number = Number(value)
  if (number >= 0 && Number.isSafeInteger(number)) output.varint(number)
  else output.varint64(BigInt(value as string))
}
/** Small numbers of either sign become small ones without. */
const zigzag = (value: bigint) => output.varint64((value << 1n) ^ (value >> 63n))

const as = (wireType: WireType, write: Write): Encoding => ({ wireType, write })
const { Varint, Bit32, Bit64, LengthDelimited } = WireType

const scalars: Record<ScalarType, Encoding> = {
  [ScalarType.DOUBLE]: as(Bit64, (value) => output.double(value as number)),
  [ScalarType.FLOAT]: as(Bit32, (value) => output.float(value as number)),
  [ScalarType.INT64]: as(Varint, long),
  [ScalarType.UINT64]: as(Varint, long),
  [ScalarType.INT32]: as(Varint, (value) => signed(whole(value))),
  [ScalarType.FIXED64]: as(Bit64, (value) => output.fixed64(BigInt(value as string))),
  [ScalarType.FIXED32]: as(Bit32, (value) => output.fixed32(whole(value))),
  [ScalarType.BOOL]: as(Varint, (value) => output.varint(value && value !== 'false' ? 1 : 0)),
  [ScalarType.STRING]: as(LengthDelimited, (value) => output.text(value as string)),
  [ScalarType.BYTES]: as(LengthDelimited, (value) => output.bytes(value as Uint8Array)),
  [ScalarType.UINT32]: as(Varint, (value) => output.varint(whole(value))),
  [ScalarType.SFIXED32]: as(Bit32, (value) => output.fixed32(whole(value))),
  [ScalarType.SFIXED64]: as(Bit64, (value) => output.fixed64(BigInt(value as string))),
  [ScalarType.SINT32]: as(Varint, (value) => zigzag(BigInt(whole(value)))),
  [ScalarType.SINT64]: as(Varint, (value) => zigzag(BigInt(value as string))),
}
