import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { allServices } from '../all.ts'

/** A message and all messages of the contract that it can hold. */
function messagesIn(message: DescMessage, seen = new Set<DescMessage>()): Set<DescMessage> {
  if (seen.has(message) || !message.typeName.startsWith('quartet.')) return seen
  seen.add(message)
  for (const { message: inner } of message.fields) if (inner) messagesIn(inner, seen)
  return seen
}

/** More than any field of the contract takes. */
function overfill(target: ReflectMessage, field: DescField): ReflectMessage {
  const many = Array.from({ length: 1001 }, (_, index) => index)
  switch (field.fieldKind) {
    case 'scalar':
      target.set(field, tooMuch(field.scalar))
      break
    case 'enum':
      target.set(field, 99)
      break
    case 'message':
      target.set(field, reflect(field.message))
      break
    case 'list':
      for (const index of many) {
        target.get(field).add(field.message ? reflect(field.message) : field.enum ? index : String(index))
      }
      break
    case 'map':
      for (const index of many) target.get(field).set(String(index), String(index))
  }
  return target
}

function tooMuch(type: ScalarType): string | Uint8Array | bigint | number {
  if (type === ScalarType.STRING) return 'x'.repeat(5000)
  if (type === ScalarType.BYTES) return new Uint8Array(2 ** 20 + 1)
  return type === ScalarType.INT64 ? -1n : -1
}

const methods = allServices.flatMap((service) => service.methods)
const requests = new Set(methods.flatMap(({ descriptor }) => [...messagesIn(descriptor.input)]))

test('every field of every request has its limits, and every rule can be evaluated', () => {
  const validator = createValidator()
  const unlimited: string[] = []
  for (const message of requests) {
    for (const field of message.fields) {
      const { kind, violations, error } = validator.validate(
        message,
        overfill(reflect(message), field).message,
      )
      // A rule that cannot be evaluated would be an INTERNAL error at run time.
      if (kind === 'error') throw error
      const refused = violations?.some(({ field: [first] }) => first === field)
      // What a message may hold is checked where that message is.
      if (!refused && field.fieldKind !== 'message') unlimited.push(field.toString())
    }
  }
  expect(unlimited).toEqual([])
})
