import { Metadata, status, type Client, type ServiceError } from '@grpc/grpc-js'
import { fromServiceError, RemoteError } from './error.ts'

/**
 * What a call failed with. One that waited for a connection until its deadline is told what kept it from one, such as a
 * certificate that the other side refuses: grpc-js says only that it waited.
 */
export const failureOf = (
  error: ServiceError,
  { channel, target }: { readonly channel: Client; readonly target: string },
): RemoteError => {
  const waited = error.code === status.DEADLINE_EXCEEDED && error.details.endsWith('Waiting for LB pick')
  const reason = waited && lastConnectionError(channel)
  if (!reason) return fromServiceError(error)
  const message = `no connection to ${target} until the deadline: ${reason}`
  return new RemoteError(error.code, 'DEADLINE_EXCEEDED', {}, { message, cause: error })
}

/** In grpc-js the picker of a channel without a connection fails every call that does not wait, with the last error. */
const lastConnectionError = (channel: Client): string | undefined => {
  const { internalChannel } = channel.getChannel() as unknown as {
    internalChannel?: { currentPicker?: { pick(args: object): { status: { details: string } | null } } }
  }
  const picked = internalChannel?.currentPicker?.pick({ metadata: new Metadata(), extraPickInfo: {} })
  // "round_robin: No connection established. Last error: … Last error: Error: connect ECONNREFUSED …. Resolution note: "
  return picked?.status?.details
    .replace(/^.*Last error: (Error: )?/s, '')
    .replace(/\. Resolution note:.*$/s, '')
    .trim()
}
