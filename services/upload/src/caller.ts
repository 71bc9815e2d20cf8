import { hasRole } from '@quartet/auth'
import type { Caller } from '@quartet/rpc'

/** The id of who calls. The contract lets only people in here. */
export const idOf = (caller: Caller): string => {
  if (caller.kind !== 'person') throw new TypeError(`a ${caller.kind} caller owns nothing`)
  return caller.id
}

/** Whose files this caller can see: the owner's id, or undefined for everybody's. */
export const visibleTo = (caller: Caller): string | undefined =>
  hasRole(caller, 'ADMIN') ? undefined : idOf(caller)
