import {
  clone,
  create,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'

/** A message that was valid, with one field changed. */
export interface Mutation {
  /** Which field, and to what, for whoever reads of it. */
  readonly what: string
  readonly message: Message
}

/** As deep as fields of fields are changed: what is below can hold itself. */
const depth = 4

/** Copies of `message` in each of which one field, at any depth, has one of the edge values of its type. */
export const mutations = (schema: DescMessage, message: Message): Mutation[] =>
  fieldsOf(schema).flatMap(([path, field]) =>
    edgeValues(field).map(([what, apply]): Mutation => {
      const copy = clone(schema, message)
      const holder = path.reduce(inner, reflect(schema, copy))
      apply(holder)
      return { what: `${[...path, field].map(({ name }) => name).join('.')} = ${what}`, message: copy }
    }),
  )

type Change = readonly [what: string, apply: (holder: ReflectMessage) => void]

/** Every field, with the way to it. */
const fieldsOf = (schema: DescMessage, path: DescField[] = []): [DescField[], DescField][] =>
  schema.fields.flatMap((field) => [
    [path, field],
    ...(field.message && path.length < depth && field.fieldKind !== 'map'
      ? fieldsOf(field.message, [...path, field])
      : []),
  ])

/** The message in a field, or the first one of a list; made where it is missing. */
const inner = (holder: ReflectMessage, field: DescField): ReflectMessage => {
  if (field.fieldKind === 'list') {
    const list = holder.get(field)
    if (list.size === 0) list.add(reflect(field.message!))
    return list.get(0) as ReflectMessage
  }
  if (!holder.isSet(field)) holder.set(field, reflect(field.message!))
  return holder.get(field) as ReflectMessage
}

const edgeValues = (field: DescField): Change[] => {
  const cleared: Change = ['nothing', (holder) => holder.clear(field)]
  switch (field.fieldKind) {
    case 'scalar':
      return [cleared, ...scalars(field.scalar).map(set(field))]
    case 'enum':
      return [cleared, ...enums(field.enum).map(set(field))]
    case 'message':
      return [cleared, ['empty', (holder) => holder.set(field, reflect(field.message))]]
    case 'list':
      return [
        cleared,
        ...[1, 2, 1001].map((count): Change => [
          `${count} of the same`,
          (holder) => {
            holder.clear(field)
            for (let i = 0; i < count; i++) holder.get(field).add(sample(field))
          },
        ]),
      ]
    case 'map':
      return [
        cleared,
        ...[1, 1001].map((count): Change => [
          `${count} entries`,
          (holder) => {
            for (let i = 0; i < count; i++)
              holder
                .get(field)
                .set(field.mapKey === ScalarType.STRING ? (i ? `k${i}` : '') : i, sample(field))
          },
        ]),
      ]
  }
}

const set =
  (field: DescField) =>
  ([what, value]: readonly [string, unknown]): Change => [what, (holder) => holder.set(field, value as never)]

const sample = (field: DescField & { fieldKind: 'list' | 'map' }) => {
  if (field.message) return reflect(field.message, create(field.message))
  if (field.enum) return 0
  return scalars(field.scalar!)[0]![1]
}

const enums = ({ values }: DescEnum) =>
  [...values.map(({ number }) => number), -1, 99, 2 ** 31 - 1].map((value) => [String(value), value] as const)

const signed = (bits: bigint) => [0n, 1n, -1n, 2n ** (bits - 1n) - 1n, -(2n ** (bits - 1n))]
const unsigned = (bits: bigint) => [0n, 1n, 2n ** bits - 1n]
const named = <T>(values: T[]) => values.map((value) => [String(value), value] as const)

const scalars = (type: ScalarType): readonly (readonly [string, unknown])[] => {
  switch (type) {
    case ScalarType.STRING:
      return strings
    case ScalarType.BYTES:
      return [0, 1, 64 * 1024, 2 ** 20 + 1].map((size) => [`${size} bytes`, new Uint8Array(size)] as const)
    case ScalarType.BOOL:
      return named([true, false])
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return named([NaN, Infinity, -Infinity, -0, 3e38, 1e-38])
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return named(unsigned(32n).map(Number))
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return named(unsigned(64n))
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return named([...signed(64n), 2n ** 53n, 253_402_300_800n])
    default:
      return named(signed(32n).map(Number))
  }
}

/** Bytes that are no UTF-8 cannot stand in a string: `broken` puts them in its place, once it is on the wire. */
const placeholder = 'put-broken-utf8-here'
export const broken = (wire: Uint8Array): Buffer => {
  const bytes = Buffer.from(wire)
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder))
    bytes.fill(0xff, at, at + placeholder.length)
  return bytes
}

const strings = [
  ['one letter', 'x'],
  ['a blank', ' '],
  ['zero bytes', 'a\0b'],
  ['5,000 letters', 'x'.repeat(5000)],
  ['300,000 emoji', '🙂'.repeat(300_000)],
  ['control characters', '\u202E\r\n\u0007'],
  ['combining characters', `e${'\u0301'.repeat(50)}`],
  ['SQL', `'; drop table users; --%_\\`],
  ['a path', '../../../../etc/passwd'],
  ['an unknown id', '00000000-0000-4000-8000-000000000000'],
  ['base64 of JSON', Buffer.from('{"tx":"1","seq":"x"}').toString('base64url')],
  ['a number', '99999999999999999999'],
  ['no UTF-8', placeholder],
] as const
