import { hasRole, isUser } from '@quartet/auth'
import type { Room, RoomVisibility } from '@quartet/proto/chat'
import { timestamp, type Caller } from '@quartet/rpc'

/** A room as the service keeps it. */
export interface StoredRoom {
  readonly id: string
  readonly title: string
  readonly visibility: Visibility
  readonly memberIds: readonly string[]
  readonly orderId: string | null
  readonly lastSequence: number
  readonly createdAt: Date
}

export type Visibility = 'PRIVATE' | 'OPEN'

/** The room as the contract has it. */
export const toRoom = ({ visibility, orderId, memberIds, createdAt, ...room }: StoredRoom): Room => ({
  ...room,
  visibility: `ROOM_VISIBILITY_${visibility}`,
  memberIds: [...memberIds],
  orderId: orderId ?? '',
  createdAt: timestamp(createdAt),
})

/** A visibility as the service keeps it; unset is PRIVATE. */
export const visibilityOf = (visibility: RoomVisibility): Visibility =>
  visibility === 'ROOM_VISIBILITY_OPEN' ? 'OPEN' : 'PRIVATE'

/** What decides who may do what in a room. */
export interface Standing {
  readonly visibility: Visibility
  readonly orderId: string | null
  readonly isMember: boolean
}

/**
 * Whether somebody sees a room and may read and write in it: its members do, everybody does where it is open, and editors
 * do where it is about an order.
 */
export const mayEnter = (room: Standing, caller: Caller): boolean =>
  room.isMember || room.visibility === 'OPEN' || (room.orderId !== null && hasRole(caller, 'EDITOR'))

/** Whether somebody who sees a room may let these people in: its members may, and everybody themselves. */
export const mayLetIn = (room: Standing, caller: Caller, userIds: readonly string[]): boolean =>
  room.isMember || userIds.every((userId) => isUser(caller, userId))

/** Whether somebody who sees a room may show this one out: its members may, and everybody themselves. */
export const mayShowOut = (room: Standing, caller: Caller, userId: string): boolean =>
  room.isMember || isUser(caller, userId)
