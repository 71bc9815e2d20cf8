import { getOption, hasOption, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { field as rules, Ignore } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import type { RpcError } from './errors.ts'
import { violations } from './violations.ts'

/** What is wrong with an item, by the item as its handler has it. Those in order are not there. */
const errors = new WeakMap<object, RpcError>()

/**
 * What is wrong with an item of a batch: a message within a request that the contract leaves out of the request's own
 * validation (IGNORE_ALWAYS), so that one bad item does not refuse all. Undefined where it keeps all its rules.
 *
 * @param item the very object that came with the request.
 * @returns INVALID_ARGUMENT with a violation for each field, by its path within the item.
 */
export const itemError = (item: object): RpcError | undefined => errors.get(item)

/**
 * Validates the items of a request, as protobuf-es read it, and remembers what is wrong under the objects that
 * proto-loader decoded from the same bytes. Bytes that are no such message at all have been refused by then, item or not.
 */
export const checkItems = (schema: DescMessage, message: Message, decoded: object): void => {
  for (const path of itemPaths(schema)) {
    let item: Message | undefined = message
    let object: unknown = decoded
    for (const field of path) {
      item = item && valueOf(item, field)
      object = (object as Record<string, unknown> | null | undefined)?.[field.localName]
    }
    const error = item && violations(path.at(-1)!.message, item)
    if (error) errors.set(object as object, error)
  }
}

type MessageField = DescField & { fieldKind: 'message' }

const known = new WeakMap<DescMessage, readonly MessageField[][]>()

/** Where in a request the items are: `user` in BatchCreateUsersRequest, `update.user` in SyncUsersRequest. */
const itemPaths = (schema: DescMessage): readonly MessageField[][] => {
  let paths = known.get(schema)
  if (!paths) {
    known.set(schema, []) // for a message that contains itself
    paths = schema.fields
      .filter((field): field is MessageField => field.fieldKind === 'message')
      .flatMap((field) =>
        isItem(field) ? [[field]] : itemPaths(field.message).map((path) => [field, ...path]),
      )
    known.set(schema, paths)
  }
  return paths
}

const isItem = (field: DescField) =>
  hasOption(field, rules) && getOption(field, rules).ignore === Ignore.ALWAYS

/** The message in a field, undefined where it is not set or another one of its oneof is. */
const valueOf = (message: Message, { localName, oneof }: MessageField): Message | undefined => {
  const fields = message as unknown as Record<string, unknown>
  if (!oneof) return fields[localName] as Message | undefined
  const chosen = fields[oneof.localName] as { case?: string; value?: Message }
  return chosen.case === localName ? chosen.value : undefined
}
