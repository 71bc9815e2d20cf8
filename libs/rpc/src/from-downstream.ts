import { status } from '@grpc/grpc-js'
import { RetryInfoSchema } from '@quartet/proto/rpc-status'
import { isConnectionLost, RemoteError } from './client/error.ts'
import { RpcError } from './errors.ts'

/**
 * What a call answers whose handler let the error of a call of its own pass. That error was about our request, not about
 * the caller's, who would look in vain for what is invalid in theirs or sign in again for nothing: it is INTERNAL, like
 * any other fault of ours, with its cause in the log. What is left of it for the caller is only that now is a bad time.
 * Anything else comes back as it is.
 *
 * A handler that knows what an error means for its caller catches it and throws its own.
 * (https://cloud.google.com/apis/design/errors, "Error propagation")
 */
export const fromDownstream = (thrown: unknown): unknown => {
  if (!(thrown instanceof RemoteError)) return thrown
  const retryInfo = thrown.details.filter(({ schema }) => schema === RetryInfoSchema)
  if (isConnectionLost(thrown) || thrown.code === status.RESOURCE_EXHAUSTED)
    return new RpcError(
      status.UNAVAILABLE,
      'DEPENDENCY_UNAVAILABLE',
      {},
      { cause: thrown, details: retryInfo },
    )
  if (thrown.code === status.DEADLINE_EXCEEDED)
    return new RpcError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', {}, { cause: thrown })
  return new RpcError(status.INTERNAL, 'INTERNAL', {}, { message: 'internal error', cause: thrown })
}
