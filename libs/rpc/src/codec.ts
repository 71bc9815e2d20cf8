import { fromBinary } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import { encode } from './encode-once.ts'
import { encodeMessage } from './encoder.ts'
import { invalidArgument, RpcError } from './errors.ts'
import { checkItems } from './item-error.ts'
import { toPlain } from './plain.ts'
import { violations } from './violations.ts'

/**
 * Reads and validates the bytes of one request, for the handler.
 *
 * protobuf-es reads them, because it refuses what protobufjs lets pass (truncated strings, invalid UTF-8) and applies the
 * contract's buf.validate rules. What it has read becomes the object that proto-loader would have made and handlers are
 * typed with. No second reader sees the bytes: it could read what was never validated.
 *
 * @throws RpcError INVALID_ARGUMENT with a violation for each field.
 */
export const decodeRequest = (method: Method, bytes: Buffer): object => {
  const { input } = method.descriptor
  let message
  try {
    message = fromBinary(input, bytes, { readUnknownFields: false })
  } catch (error) {
    throw invalidArgument([
      { field: '', description: `not a ${input.typeName}: ${(error as Error).message}` },
    ])
  }
  const error = violations(input, message)
  if (error) throw error
  const request = toPlain(input, message)
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

/** @throws TypeError, SyntaxError or RangeError for what is not the method's request. */
export const encodeRequest = ({ descriptor }: Method, request: object): Buffer =>
  encodeMessage(descriptor.input, request)

/** @throws Error when the bytes are not the method's response. */
export const decodeResponse = ({ descriptor: { output } }: Method, bytes: Buffer): object =>
  toPlain(output, fromBinary(output, bytes, { readUnknownFields: false }))
