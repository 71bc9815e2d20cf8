import type { Address__Output, CreateUserRequest__Output, User } from '@quartet/proto/user'
import { timestamp, type Role } from '@quartet/rpc'

/** A user as the service keeps it. */
export interface StoredUser {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly age: number | null
  readonly role: Role
  readonly plan: 'FREE' | 'PRO' | 'ENTERPRISE'
  readonly status: 'ACTIVE' | 'INACTIVE' | 'SUSPENDED'
  readonly tags: readonly string[]
  readonly metadata: Record<string, string>
  readonly address: Address | null
  /** Counts changes: the etag. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** Where in the city is one of the first two, or open. */
export type Address = {
  readonly streetAddress?: string
  readonly poBox?: string
  readonly city: string
  readonly countryCode: string
}

/** What is stored of a new user besides id, version and times. */
export type NewUser = Omit<StoredUser, 'id' | 'version' | 'createdAt' | 'updatedAt'> & {
  readonly passwordHash: string | null
}

/** The user as the contract has it. */
export const toUser = (user: StoredUser): User => ({
  id: user.id,
  name: user.name,
  email: user.email,
  age: user.age ?? undefined,
  role: `USER_ROLE_${user.role}`,
  plan: `USER_PLAN_${user.plan}`,
  status: `USER_STATUS_${user.status}`,
  tags: [...user.tags],
  metadata: user.metadata,
  address: user.address,
  etag: String(user.version),
  createdAt: timestamp(user.createdAt),
  updatedAt: timestamp(user.updatedAt),
})

/** A new user from the contract's request, which has been validated; unset is VIEWER and FREE. */
export const fromCreateRequest = (
  request: CreateUserRequest__Output,
  passwordHash: string | null,
): NewUser => ({
  name: request.name,
  email: request.email,
  age: request.age ?? null,
  role: unprefixed(request.role, 'USER_ROLE_') ?? 'VIEWER',
  plan: unprefixed(request.plan, 'USER_PLAN_') ?? 'FREE',
  status: 'ACTIVE',
  tags: request.tags,
  metadata: request.metadata,
  address: fromAddress(request.address),
  passwordHash,
})

/** An address from the contract. */
export const fromAddress = (address: Address__Output | null): Address | null =>
  address && {
    city: address.city,
    countryCode: address.countryCode,
    ...(address.location === 'streetAddress' && { streetAddress: address.streetAddress }),
    ...(address.location === 'poBox' && { poBox: address.poBox }),
  }

/** A user who went through JSON, which has no dates. */
export const revived = (user: StoredUser): StoredUser => ({
  ...user,
  createdAt: new Date(user.createdAt),
  updatedAt: new Date(user.updatedAt),
})

/** An enum value of the contract without its prefix; undefined for UNSPECIFIED. */
export const unprefixed = <Value extends string, Prefix extends string>(value: Value, prefix: Prefix) => {
  const name = value.slice(prefix.length)
  return name === 'UNSPECIFIED' ? undefined : (name as Unprefixed<Value, Prefix>)
}

type Unprefixed<Value, Prefix extends string> = Value extends `${Prefix}${infer Name}`
  ? Exclude<Name, 'UNSPECIFIED'>
  : never
