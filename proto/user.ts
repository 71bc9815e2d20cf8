import { loadService } from './contract.ts'
import { UserService as descriptor } from './gen/es/quartet/user/v1/user_pb.js'
import type { UserServiceDefinition, UserServiceHandlers } from './gen/types/quartet/user/v1/UserService.ts'

/** Users, one at a time, in pages, in bulk, and live: quartet/user/v1/user.proto. */
export const UserService = loadService<UserServiceDefinition, UserServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/user/v1/Address.ts'
export type * from './gen/types/quartet/user/v1/BatchCreateUsersRequest.ts'
export type * from './gen/types/quartet/user/v1/BatchCreateUsersResponse.ts'
export type * from './gen/types/quartet/user/v1/CreateUserRequest.ts'
export type * from './gen/types/quartet/user/v1/ListUsersRequest.ts'
export type * from './gen/types/quartet/user/v1/ListUsersResponse.ts'
export type * from './gen/types/quartet/user/v1/StreamUsersRequest.ts'
export type * from './gen/types/quartet/user/v1/SyncOutcome.ts'
export type * from './gen/types/quartet/user/v1/SyncUsersRequest.ts'
export type * from './gen/types/quartet/user/v1/SyncUsersResponse.ts'
export type * from './gen/types/quartet/user/v1/UpdateUserRequest.ts'
export type * from './gen/types/quartet/user/v1/User.ts'
export type * from './gen/types/quartet/user/v1/UserChange.ts'
export type * from './gen/types/quartet/user/v1/UserFilter.ts'
export type * from './gen/types/quartet/user/v1/UserPlan.ts'
export type * from './gen/types/quartet/user/v1/UserRole.ts'
export type * from './gen/types/quartet/user/v1/UserStatus.ts'
export type * from './gen/types/quartet/user/v1/WatchUsersRequest.ts'
export type * from './gen/types/quartet/user/v1/WatchUsersResponse.ts'
