import { Metadata, status, type Client, type ServiceError } from '@grpc/grpc-js'
import { fromServiceError, isConnectionLost, RemoteError } from './error.ts'

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

/**
 * Whether an answer got lost that may have been given, and that grpc-js does not ask for again.
 *
 * @param begun whether its headers came. UNAVAILABLE without them was tried again already.
 */
export const wasCut = (error: ServiceError, begun: boolean): boolean =>
  (begun || error.code !== status.UNAVAILABLE) &&
  isConnectionLost({ code: error.code, message: error.details }) &&
  // What a server says itself has trailers.
  error.metadata.get('grpc-status-details-bin').length === 0

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
