import { isDeepStrictEqual } from 'node:util'
import { status } from '@grpc/grpc-js'
import { hasRole } from '@quartet/auth'
import type { UpdateUserRequest__Output } from '@quartet/proto/user'
import { RpcError, type Caller } from '@quartet/rpc'
import { fromAddress, unprefixed, type StoredUser } from './user.ts'

/** What of a user can be changed. */
export type Changeable = Pick<
  StoredUser,
  'name' | 'email' | 'age' | 'role' | 'plan' | 'status' | 'tags' | 'metadata' | 'address'
>
export type Changes = Partial<Changeable>

/** What users may change of themselves. */
const ownFields: ReadonlySet<string> = new Set<keyof Changeable>(['name', 'age', 'address', 'metadata'])

/**
 * What a request makes of a user: the fields that differ from what is there, none where the user already is as asked.
 * An etag counts only where something differs, so that a change can be repeated.
 *
 * @throws RpcError PERMISSION_DENIED FIELD_NOT_PERMITTED for a field that is not the caller's to change, ABORTED
 *   ETAG_MISMATCH.
 */
export const changesOf = (
  stored: StoredUser,
  request: Pick<UpdateUserRequest__Output, 'user' | 'updateMask' | 'etag'>,
  caller: Caller,
): Changes => {
  const changes = differing(stored, wanted(request))
  const fields = Object.keys(changes)
  const forbidden = hasRole(caller, 'ADMIN') ? [] : fields.filter((field) => !ownFields.has(field))
  if (forbidden.length)
    throw new RpcError(status.PERMISSION_DENIED, 'FIELD_NOT_PERMITTED', { fields: forbidden.join() })
  if (fields.length) assertEtag(stored, request.etag)
  return changes
}

/** @throws RpcError ABORTED ETAG_MISMATCH unless the etag is the user's, or empty. */
export const assertEtag = ({ version }: StoredUser, etag: string): void => {
  if (etag && etag !== String(version))
    throw new RpcError(status.ABORTED, 'ETAG_MISMATCH', { etag: String(version) })
}

/** The values of the fields that the mask names, or of all that are set. The contract has checked both. */
const wanted = ({ user, updateMask }: Pick<UpdateUserRequest__Output, 'user' | 'updateMask'>): Changes => {
  if (!user) return {}
  const { name, email, age = null, tags, metadata } = user
  const role = unprefixed(user.role, 'USER_ROLE_')
  const plan = unprefixed(user.plan, 'USER_PLAN_')
  const status = unprefixed(user.status, 'USER_STATUS_')
  const address = fromAddress(user.address)
  const values = { name, email, age, role, plan, status, tags, metadata, address }
  const named = new Set(updateMask?.paths)
  return Object.fromEntries(
    Object.entries(values).filter(([field, value]) => (named.size ? named.has(field) : isSet(value))),
  ) as Changes
}

/** Whether a field holds something: in proto3 an empty text, list or map is the same as none. */
const isSet = (value: unknown) =>
  typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== null && value !== ''

const differing = (stored: StoredUser, changes: Changes): Changes =>
  Object.fromEntries(
    Object.entries(changes).filter(
      ([field, value]) => !isDeepStrictEqual(plain(value), plain(stored[field as keyof Changeable])),
    ),
  )

/** Maps of the codec have no prototype, and that makes them differ. */
const plain = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : value
