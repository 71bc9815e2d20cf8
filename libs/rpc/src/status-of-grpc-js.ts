import { status, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { RpcError } from './errors.ts'

type SendStatus = ServerInterceptingCallInterface['sendStatus']

/**
 * grpc-js sends a status of its own for what it cannot read and for the caller's deadline, and tells nobody. This hands such
 * a status to `fail` as the error that it is, to be mapped, logged and sent like any other. What it returns sends for good.
 */
export const takeOverStatus = (
  call: ServerInterceptingCallInterface,
  fail: (error: RpcError) => void,
): SendStatus => {
  const send = call.sendStatus.bind(call)
  call.sendStatus = ({ code, details }) => fail(errorOf(code ?? status.UNKNOWN, details ?? ''))
  return send
}

const errorOf = (code: status, message: string): RpcError => {
  if (code === status.DEADLINE_EXCEEDED) return new RpcError(code, 'DEADLINE_EXCEEDED')
  if (code === status.RESOURCE_EXHAUSTED) return new RpcError(code, 'MESSAGE_TOO_LARGE', {}, { message })
  // A message that cannot be decompressed and a timeout that is none are the caller's doing.
  if (code === status.INTERNAL)
    return new RpcError(status.INVALID_ARGUMENT, 'UNREADABLE_MESSAGE', {}, { message })
  return new RpcError(code, status[code] ?? 'UNKNOWN', {}, { message })
}
