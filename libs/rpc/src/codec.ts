import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import { encode } from './encode-once.ts'
import { invalidArgument, RpcError } from './errors.ts'
import { checkItems } from './item-error.ts'
import { violations } from './violations.ts'

/**
 * Reads and validates the bytes of one request, then decodes them for the handler.
 *
 * Two readers see the same bytes: protobuf-es refuses what protobufjs lets pass (truncated strings, invalid UTF-8)
 * and applies the contract's buf.validate rules; proto-loader makes the object that handlers are typed with.
 *
 * @throws RpcError INVALID_ARGUMENT with a violation for each field.
 */
export const decodeRequest = (method: Method, bytes: Buffer): object => {
  const { input } = method.descriptor
  let message
  try {
    message = fromBinary(input, bytes)
  } catch (error) {
    throw invalidArgument([
      { field: '', description: `not a ${input.typeName}: ${(error as Error).message}` },
    ])
  }
  const error = violations(input, message)
  if (error) throw error
  // Not the bytes that came: the two readers do not take every odd message the same way (a length past the end of its
  // submessage, two members of a oneof), and what one has validated the other must not read differently.
  const { buffer, byteOffset, byteLength } = toBinary(input, message, { writeUnknownFields: false })
  const request = method.codec.requestDeserialize(Buffer.from(buffer, byteOffset, byteLength))
  checkItems(input, message, request)
  return request
}

/** @throws RpcError INTERNAL when a handler answers with something that is not the method's response. */
export const encodeResponse = (method: Method, response: object): Buffer => {
  try {
    return encode(method, response)
  } catch (cause) {
    throw new RpcError(status.INTERNAL, 'INTERNAL', {}, { message: 'internal error', cause })
  }
}
