import { status } from '@grpc/grpc-js'
import { RpcError, type Caller } from '@quartet/rpc'
import { roomNotFound } from './enter.ts'
import type { MessageRepository } from './message-repository.ts'
import type { Draft, StoredMessage } from './message.ts'

/** Says something as a caller, in a room that they have entered; it is stored when this resolves. */
export type Say = ReturnType<typeof sayer>

export const sayer =
  (messages: Pick<MessageRepository, 'say'>) =>
  /** @throws RpcError ALREADY_EXISTS REQUEST_ID_REUSED */
  async (
    roomId: string,
    caller: Caller,
    { text, clientMessageId }: Omit<Draft, 'senderId'>,
  ): Promise<StoredMessage> => {
    const senderId = caller.kind === 'person' ? caller.id : ''
    const said = await messages.say(roomId, { senderId, text, clientMessageId })
    if (!('problem' in said)) return said.message
    if (said.problem === 'ROOM_NOT_FOUND') throw roomNotFound(roomId)
    throw new RpcError(status.ALREADY_EXISTS, said.problem, { clientMessageId })
  }
