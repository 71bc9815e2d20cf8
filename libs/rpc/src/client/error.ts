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

const schemas = [BadRequestSchema, RetryInfoSchema, PreconditionFailureSchema]

/** Turns what grpc-js reports back into the RpcError that the server threw, with all its details. */
export const fromServiceError = (error: ServiceError): RpcError => {
  const code = error.code ?? status.UNKNOWN
  const options = { message: error.details || error.message, cause: error }
  const bytes = error.metadata?.get('grpc-status-details-bin')[0]
  if (!(bytes instanceof Buffer)) return new RpcError(code, status[code] ?? 'UNKNOWN', {}, options)
  const { details: packed } = fromBinary(StatusSchema, bytes)
  const info = packed.map((any) => anyUnpack(any, ErrorInfoSchema)).find((one) => one !== undefined)
  const details = packed.flatMap((any): Detail[] =>
    schemas.flatMap((schema) => {
      const message = anyUnpack(any, schema)
      return message ? [{ schema, message }] : []
    }),
  )
  return new RpcError(code, info?.reason ?? status[code], info?.metadata ?? {}, { ...options, details })
}
