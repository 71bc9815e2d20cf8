import type { DescMessage } from '@bufbuild/protobuf'
import { allServices } from '@quartet/proto/all'

/** The fields that the contract marks as `debug_redact`, by their names in TypeScript and JSON. */
const redacted: ReadonlySet<string> = (() => {
  const names = new Set<string>()
  const seen = new Set<DescMessage>()
  const look = (message: DescMessage) => {
    if (seen.has(message)) return
    seen.add(message)
    for (const field of message.fields) {
      if (field.proto.options?.debugRedact) names.add(field.localName)
      if (field.message) look(field.message)
    }
  }
  for (const { descriptor } of allServices.flatMap(({ methods }) => methods)) {
    look(descriptor.input)
    look(descriptor.output)
  }
  return names
})()

/** What a message holds in such fields, however deep. */
export const secretsIn = (message: unknown): string[] => {
  if (typeof message !== 'object' || message === null || message instanceof Uint8Array) return []
  return Object.entries(message).flatMap(([name, value]) =>
    redacted.has(name) && typeof value === 'string' && value ? [value] : secretsIn(value),
  )
}
