import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { status, type ServiceError } from '@grpc/grpc-js'
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
  StatusSchema,
} from '@quartet/proto/rpc-status'
import { RpcError, type Detail } from '../errors.ts'

/**
 * What a call failed with that this process made: what the server threw, or what became of the connection. A type of
 * its own because a handler that lets it pass does not answer with it: see from-downstream.ts.
 */
export class RemoteError extends RpcError {}

/**
 * Whether a call failed with its connection or its server and not for what it asked. A stream that dies with its peer,
 * or that a proxy ends, arrives as INTERNAL "Received RST_STREAM with code 2" or CANCELLED "Call cancelled" as often as
 * UNAVAILABLE. (What this side cancels is "Cancelled on client".)
 */
export const isConnectionLost = ({ code, message }: Pick<RpcError, 'code' | 'message'>): boolean =>
  code === status.UNAVAILABLE ||
  (code === status.INTERNAL && message.includes('RST_STREAM')) ||
  (code === status.CANCELLED && message === 'Call cancelled')

const schemas = [BadRequestSchema, RetryInfoSchema, PreconditionFailureSchema]

/** Turns what grpc-js reports back into the error that the server threw, with all its details. */
export const fromServiceError = (error: ServiceError): RemoteError => {
  const code = error.code ?? status.UNKNOWN
  const options = { message: error.details || error.message, cause: error }
  const bytes = error.metadata?.get('grpc-status-details-bin')[0]
  if (!(bytes instanceof Buffer)) return new RemoteError(code, status[code] ?? 'UNKNOWN', {}, options)
  let packed
  try {
    packed = fromBinary(StatusSchema, bytes).details
  } catch {
    // A server that is not ours may put anything there.
    return new RemoteError(code, status[code] ?? 'UNKNOWN', {}, options)
  }
  const info = packed.map((any) => anyUnpack(any, ErrorInfoSchema)).find((one) => one !== undefined)
  const details = packed.flatMap((any): Detail[] =>
    schemas.flatMap((schema) => {
      const message = anyUnpack(any, schema)
      return message ? [{ schema, message }] : []
    }),
  )
  return new RemoteError(code, info?.reason ?? status[code], info?.metadata ?? {}, { ...options, details })
}
