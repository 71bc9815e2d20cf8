import type { ChannelCredentials } from '@grpc/grpc-js'
import { Health } from '@quartet/proto/grpc'
import type { ServingStatus } from '../health.ts'
import { createClient } from './client.ts'

/**
 * Asks a server's health service, waiting for the server to come up until `signal` aborts.
 * @throws RpcError CANCELLED when it aborts, NOT_FOUND for a name that the server does not know.
 */
export const healthCheck = async ({
  target,
  credentials,
  service,
  signal,
}: {
  target: string
  /** Plaintext unless given. */
  credentials?: ChannelCredentials | undefined
  service: string
  signal: AbortSignal
}): Promise<ServingStatus> => {
  const client = createClient(Health, { target, credentials })
  try {
    const { status } = await client.check({ service }, { signal })
    return status as ServingStatus
  } finally {
    client.close()
  }
}
