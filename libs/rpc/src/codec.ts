import { fromBinary } from '@bufbuild/protobuf'
import { pathToString } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { status } from '@grpc/grpc-js'
import type { Method } from '@quartet/proto/contract'
import { invalidArgument, RpcError } from './errors.ts'

/** The patterns are the contract's own, and linear. RE2 in JavaScript is slower, the more so the longer the text. */
const patterns = new Map<string, RegExp>()
const validator = createValidator({
  regexMatch(pattern, against) {
    let compiled = patterns.get(pattern)
    if (!compiled) patterns.set(pattern, (compiled = new RegExp(pattern, 'u')))
    return compiled.test(against)
  },
})

/** As many violations as are listed; a hostile request could hold a million. */
const maxViolations = 20

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
  const result = validator.validate(input, message)
  if (result.kind === 'error') throw result.error
  if (result.kind === 'invalid')
    throw invalidArgument(
      result.error.violations.slice(0, maxViolations).map(({ field, message, ruleId }) => ({
        field: pathToString(field),
        description: message,
        reason: ruleId.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_'),
      })),
    )
  return method.codec.requestDeserialize(bytes)
}

/** @throws RpcError INTERNAL when a handler answers with something that is not the method's response. */
export const encodeResponse = (method: Method, response: object): Buffer => {
  try {
    return method.codec.responseSerialize(response)
  } catch (cause) {
    throw new RpcError(status.INTERNAL, 'INTERNAL', {}, { message: 'internal error', cause })
  }
}
