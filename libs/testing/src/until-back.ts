import { setTimeout as delay } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { isConnectionLost, RpcError } from '@quartet/rpc'

/**
 * The answer of a call whose service, or what that stands on, was killed and is being brought back: asks as long as there is
 * nobody, or nobody in time.
 *
 * @throws what it fails with otherwise.
 */
export const untilBack = async <T>(call: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (!isConnectionLost(error) && error.code !== status.DEADLINE_EXCEEDED) throw error
    }
    await delay(20)
  }
}
