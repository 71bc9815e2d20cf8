import { status, type Client, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js'
import { RpcError } from '../errors.ts'
import type { Outcome } from '../interceptor.ts'
import type { CallOptions } from './call-options.ts'
import { failureOf } from './failure.ts'
import type { ClientInterceptor, OutgoingCall } from './interceptor.ts'

/** One call of a client: what its interceptors see, and what it takes to make it. */
export interface Invocation extends OutgoingCall {
  readonly channel: Client
  readonly interceptors: readonly ClientInterceptor[]
  readonly options: CallOptions
}

/** Asks the interceptors one after the other. What one of them throws is how the call ended, before it was made. */
export const admit = async (invocation: Invocation): Promise<void> => {
  const { interceptors } = invocation
  let asked = 0
  try {
    while (asked < interceptors.length) {
      const waiting = interceptors[asked++]!.onCall?.(invocation)
      if (waiting) await waiting
    }
  } catch (error) {
    const code = error instanceof RpcError ? error.code : status.UNKNOWN
    tell(invocation, interceptors.slice(0, asked), { code, error })
    throw error
  }
}

/** Watches over a call that was made: cancels it when a signal aborts, and tells whoever asked how it ended. */
export const attend = <Call extends ClientUnaryCall>(call: Call, invocation: Invocation): Call => {
  const { signal, parent, onTrailers } = invocation.options
  const cancel = () => call.cancel()
  for (const one of [signal, parent?.signal]) {
    if (one?.aborted) cancel()
    else one?.addEventListener('abort', cancel)
  }
  call.once('status', (ended: ServiceError) => {
    signal?.removeEventListener('abort', cancel)
    parent?.signal.removeEventListener('abort', cancel)
    onTrailers?.(ended.metadata)
    if (!invocation.interceptors.length) return
    const error = ended.code === status.OK ? undefined : failureOf(ended, invocation)
    tell(invocation, invocation.interceptors, { code: ended.code, error })
  })
  return call
}

const tell = (invocation: Invocation, asked: readonly ClientInterceptor[], outcome: Outcome) => {
  for (const interceptor of asked.toReversed()) interceptor.onEnd?.(invocation, outcome)
}
