import type { Message } from '@quartet/proto/chat'
import { timestamp } from '@quartet/rpc'

/** A message as the service keeps it. */
export interface StoredMessage {
  readonly id: string
  readonly roomId: string
  /** Its number in the room, from 1. */
  readonly sequence: number
  /** A user's id, or "service:<name>". */
  readonly senderId: string
  readonly text: string
  /** Empty where its sender chose none. */
  readonly clientMessageId: string
  readonly createdAt: Date
}

/** What somebody wants to say. */
export type Draft = Pick<StoredMessage, 'senderId' | 'text' | 'clientMessageId'>

/** A message was stored, now or when its sender said the same before, or why not. */
export type Said =
  | { readonly message: StoredMessage }
  | { readonly problem: 'REQUEST_ID_REUSED' | 'ROOM_NOT_FOUND' }

/** The message as the contract has it. */
export const toMessage = (message: StoredMessage): Message => ({
  ...message,
  createdAt: timestamp(message.createdAt),
})
