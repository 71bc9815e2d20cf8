import { status } from '@grpc/grpc-js'
import { RpcError } from '@quartet/rpc'
import type { Created, Updated } from './user-repository.ts'

/** The user that a change has led to. @throws RpcError for what kept it from being made. */
export const succeeded = <Result extends Created | Updated>(
  result: Result,
  userId = '',
): Exclude<Result, { problem: string }> => {
  if (!('problem' in result)) return result as Exclude<Result, { problem: string }>
  if (result.problem === 'USER_NOT_FOUND') throw userNotFound(userId)
  throw new RpcError(status.ALREADY_EXISTS, result.problem)
}

/** Also where the user is none of the caller's business: as if it were not there. */
export const userNotFound = (userId: string) => new RpcError(status.NOT_FOUND, 'USER_NOT_FOUND', { userId })
