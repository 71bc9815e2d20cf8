// What an error carries: google.rpc.Status and its details, as protobuf-es schemas.
export { StatusSchema, type Status } from './gen/es/google/rpc/status_pb.js'
export {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
  type BadRequest,
  type BadRequest_FieldViolation,
  type ErrorInfo,
  type PreconditionFailure,
  type PreconditionFailure_Violation,
  type RetryInfo,
} from './gen/es/google/rpc/error_details_pb.js'
