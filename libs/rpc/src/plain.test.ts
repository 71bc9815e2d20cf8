import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createFileRegistry,
  fromBinary,
  ScalarType,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader'
import { allServices } from '@quartet/proto/all'
import { codecOf } from '@quartet/proto/codec'
import type { Method } from '@quartet/proto/contract'
import { encodeMessage } from './encoder.ts'
import { toPlain } from './plain.ts'

/** What proto-loader makes of a message, and how to write one. */
interface Codec {
  readonly serialize: (plain: object) => Buffer
  readonly deserialize: (bytes: Buffer) => object
}

const loaderOptions = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true } as const
const scalars: Partial<Record<ScalarType, readonly unknown[]>> = {
  [ScalarType.STRING]: ['', 'a', 'Zoë 🦊', 'x'.repeat(300)],
  [ScalarType.BYTES]: [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(2_000, 7)],
  [ScalarType.BOOL]: [false, true],
  [ScalarType.DOUBLE]: [0, -1.5, 1e300, Infinity],
  [ScalarType.FLOAT]: [0, -1.5, 0.25],
}
const integers = [0, 1, 7, 300, 2 ** 31 - 1]

/** The name that a field has in proto-loader's objects. */
const nameOf = ({ name, parent }: DescField) =>
  parent.typeName === 'google.protobuf.Any'
    ? name
    : name.replace(/(?<=.)_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A message with something in most fields, another thing for each `seed`; of each oneof one member, by turns. */
const filled = (schema: DescMessage, seed: number, depth = 0): object => {
  const one = (field: DescField, kind: string, n: number): unknown => {
    if (kind === 'enum') return n % 4 ? field.enum!.values[n % field.enum!.values.length]!.name : 77
    if (kind === 'message') return filled(field.message!, seed + n, depth + 1)
    const values = scalars[field.scalar!] ?? integers
    return values[n % values.length]
  }
  const value = (field: DescField): unknown => {
    const n = field.number + seed
    if (field.message && depth === (field.message === schema ? 1 : 4)) return undefined
    if (field.fieldKind === 'list')
      return Array.from({ length: n % 3 }, (_, i) => one(field, field.listKind, n + i))
    if (field.fieldKind === 'map') {
      const keys = ['a', '__proto__', 'constructor'].slice(0, n % 4)
      const key = (text: string, i: number) => (field.mapKey === ScalarType.STRING ? text : i)
      return Object.fromEntries(keys.map((text, i) => [key(text, i), one(field, field.mapKind, n + i)]))
    }
    return one(field, field.fieldKind, n)
  }
  const chosen = schema.fields.filter(({ oneof, proto, number }) => {
    if (proto.proto3Optional) return (number + seed) % 2
    // google.protobuf.Value must have one: without it is null to one reader, and nothing to the other.
    if (oneof?.parent.typeName === 'google.protobuf.Value' && depth > 2) return number === 3
    return !oneof || oneof.fields[seed % oneof.fields.length]!.number === number
  })
  return Object.fromEntries(chosen.map((field) => [nameOf(field), value(field)]))
}

const compare = (schema: DescMessage, { serialize, deserialize }: Codec) => {
  for (let seed = 0; seed < 24; seed++) {
    const plain = seed ? filled(schema, seed) : {}
    const bytes = serialize(plain)
    expect(deserialize(encodeMessage(schema, plain))).toEqual(deserialize(bytes))
    expect(toPlain(schema, fromBinary(schema, bytes))).toEqual(deserialize(bytes))
  }
}

const messages = allServices.flatMap(({ methods }) =>
  methods.flatMap((method: Method): [string, DescMessage, Codec][] => {
    const { input, output } = method.descriptor
    const codec = codecOf(method)
    return [
      [input.typeName, input, { serialize: codec.requestSerialize, deserialize: codec.requestDeserialize }],
      [
        output.typeName,
        output,
        { serialize: codec.responseSerialize, deserialize: codec.responseDeserialize },
      ],
    ]
  }),
)

test.each(messages)('%s is what proto-loader makes of the same bytes', (_, schema, codec) => {
  compare(schema, codec)
})

test('so is a message with a field of every kind that there is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quartet-plain-'))
  writeFileSync(join(folder, 'sink.proto'), everything)
  const buf = join(import.meta.dirname, '../../../node_modules/.bin/buf')
  const set = execFileSync(buf, ['build', folder, '-o', '-'])
  const loaded = loadSync('sink.proto', { ...loaderOptions, includeDirs: [folder] })
  rmSync(folder, { recursive: true })
  const { requestSerialize, requestDeserialize } = (loaded['sink.Service'] as ServiceDefinition)['Call']!
  const sink = createFileRegistry(fromBinary(FileDescriptorSetSchema, set)).getMessage('sink.Sink')!
  compare(sink, { serialize: requestSerialize, deserialize: requestDeserialize })
  const isWritten = (message: object) => {
    try {
      return Boolean(encodeMessage(sink, message))
    } catch {
      return false
    }
  }
  expect(notTheirs.filter(isWritten)).toEqual([])
  const text = encodeMessage(sink, { someBytes: Buffer.from('text').toString('base64') })
  expect(text).toEqual(encodeMessage(sink, { someBytes: Buffer.from('text') }))
})

/** Of one who goes around the types: none may leave as something else. */
const notTheirs = [
  { anInt32: 'red' },
  { anInt64: 'red' },
  { aUint32: -1 },
  { aUint32: 1.5 },
  { aFixed64: '1.5' },
  { aString: 5 },
  { someBytes: 5 },
  { colour: 'COLOUR_GREEN' },
  { sink: 5 },
  { strings: 5 },
  [{ aString: 'a' }],
]

const everything = `
syntax = "proto3";
package sink;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service Service { rpc Call(Sink) returns (Sink); }
enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; }
message Sink {
  double a_double = 1; float a_float = 2; int32 an_int32 = 3; int64 an_int64 = 4; uint32 a_uint32 = 5;
  uint64 a_uint64 = 6; sint32 a_sint32 = 7; sint64 a_sint64 = 8; fixed32 a_fixed32 = 9; fixed64 a_fixed64 = 10;
  sfixed32 an_sfixed32 = 11; sfixed64 an_sfixed64 = 12; bool a_bool = 13; string a_string = 14; bytes some_bytes = 15;
  Colour colour = 16; Sink sink = 17; google.protobuf.Timestamp at_time = 18;
  optional int64 maybe_long = 19; optional string maybe_string = 20; optional Sink maybe_sink = 21;
  optional Colour maybe_colour = 22;
  oneof one_of { int64 one_long = 23; string one_string = 24; bytes one_bytes = 25; Sink one_sink = 26;
    Colour one_colour = 27; google.protobuf.StringValue one_wrapper = 28; google.protobuf.Struct one_struct = 29; }
  repeated int64 longs = 30; repeated string strings = 31; repeated bytes blobs = 32; repeated Colour colours = 33;
  repeated Sink sinks = 34; repeated double doubles = 35; repeated google.protobuf.Int64Value wrappers = 36;
  map<string, int64> long_map = 37; map<string, string> string_map = 38; map<int32, Sink> sink_map = 39;
  map<string, Colour> colour_map = 40; map<string, google.protobuf.Struct> struct_map = 41;
  google.protobuf.Struct a_struct = 42; google.protobuf.Value a_value = 43; google.protobuf.ListValue a_list = 44;
  google.protobuf.StringValue a_wrapper = 45; google.protobuf.UInt64Value long_wrapper = 46;
  google.protobuf.BytesValue bytes_wrapper = 47; string sha_256 = 48;
}`
