import { fromBinary } from '@bufbuild/protobuf'
import { StatusSchema } from '@quartet/proto/rpc-status'
import { toStatus } from './errors.ts'
import { fromDownstream } from './from-downstream.ts'

/**
 * An error as a google.rpc.Status for a field of a response: what the call would have failed with, had it been about
 * this one thing alone. Anything but an RpcError is INTERNAL with a fixed text: log its cause.
 */
export const statusMessage = (error: unknown) => {
  const [bytes] = toStatus(fromDownstream(error)).metadata.get('grpc-status-details-bin')
  const { code, message, details } = fromBinary(StatusSchema, bytes as Buffer)
  return { code, message, details: details.map(({ typeUrl, value }) => ({ type_url: typeUrl, value })) }
}
