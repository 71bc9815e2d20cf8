import { durationMs } from '@bufbuild/protobuf/wkt'
import { status } from '@grpc/grpc-js'
import { RpcError } from '../errors.ts'
import type { Interceptor } from '../interceptor.ts'

/**
 * Holds every call to its policy's time, also one that came without a deadline or with a later one. A call that is
 * too late already never starts.
 */
export const deadline: Interceptor = {
  onCall(call) {
    if (call.deadline <= Date.now()) throw exceeded()
    const { timeout } = call.method.policy ?? {}
    if (timeout) call.endBy(Date.now() + durationMs(timeout), exceeded)
  },
}

const exceeded = () => new RpcError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED')
