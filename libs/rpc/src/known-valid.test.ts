import { fromBinary, ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { createValidator } from '@bufbuild/protovalidate'
import { allServices } from '@quartet/proto/all'
import { encodeMessage } from './encoder.ts'
import { isKnownValid } from './known-valid.ts'
import { nameOf } from './plain.ts'

const uuid = '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e'
const texts = [
  '',
  'a',
  'A-1',
  uuid,
  `${uuid}0`,
  'ada@example.org',
  'ada@',
  'user',
  'a\0',
  '\u0007',
  'é\u0301',
]
const limits = [7, 8, 15, 16, 50, 51, 64, 65, 100, 101, 128, 129, 200, 201, 512, 513, 4001].flatMap(
  (length) => ['0'.repeat(length), '🦊'.repeat(length)],
)
const numbers = [-1, 0, 1, 10, 100, 101, 1000, 1001, 2 ** 31 - 1]

/** Always the same numbers, from 0 to 1 (a linear congruential generator). */
let state = 1
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!

/** Anything that fits into a message, valid or not. */
const anything = (schema: DescMessage, depth = 0): object => {
  const value = (field: DescField, kind: string): unknown => {
    if (kind === 'message') return depth < 4 ? anything(field.message!, depth + 1) : undefined
    if (kind === 'enum') return oneOf([0, 1, 2, 99])
    if (field.scalar === ScalarType.STRING) return oneOf(random() < 0.8 ? texts : limits)
    if (field.scalar === ScalarType.BYTES) return Buffer.alloc(oneOf([0, 1, 65_536, 65_537, 1_048_577]))
    return oneOf(numbers)
  }
  const filled = (field: DescField): unknown => {
    const some = () => Array.from({ length: oneOf([1, 2, 101]) })
    if (field.fieldKind === 'list') return some().map(() => value(field, field.listKind))
    if (field.fieldKind !== 'map') return value(field, field.fieldKind)
    return Object.fromEntries(some().map((_, i) => [oneOf(texts) + (i || ''), value(field, field.mapKind)]))
  }
  const present = schema.fields.filter(() => random() < 0.6)
  return Object.fromEntries(present.map((field) => [nameOf(field), filled(field)]))
}

const full = createValidator()
const inputs = allServices.flatMap(({ methods }) => methods.map(({ descriptor }) => descriptor.input))
const byName = new Map(inputs.map((input) => [input.typeName, input]))

test.each([...byName])('%s: what is known to be valid is valid', (_, schema) => {
  for (let i = 0; i < 100; i++) {
    const plain = anything(schema)
    const message = fromBinary(schema, encodeMessage(schema, plain))
    if (isKnownValid(schema, message))
      expect([plain, full.validate(schema, message).kind]).toEqual([plain, 'valid'])
  }
})

test.each([
  ['quartet.user.v1.GetUserRequest', { userId: uuid }],
  ['quartet.auth.v1.SignInRequest', { email: 'ada@example.org', password: 'correct horse battery' }],
  [
    'quartet.user.v1.CreateUserRequest',
    { name: 'Ada', email: 'a@example.org', tags: ['a', 'b'], metadata: { a: 'b' } },
  ],
  ['quartet.chat.v1.SendMessageRequest', { roomId: uuid, text: 'x'.repeat(2000) }],
  [
    'quartet.upload.v1.UploadChunksRequest',
    { chunk: { sequence: 1, offset: 0, data: Buffer.alloc(65_536) } },
  ],
])('%s does not take protovalidate where it is valid', (name, plain) => {
  const schema = byName.get(name)!
  expect(isKnownValid(schema, fromBinary(schema, encodeMessage(schema, plain)))).toBe(true)
})
