import { loadService } from './contract.ts'
import { AuthService as descriptor } from './gen/es/quartet/auth/v1/auth_pb.js'
import type { AuthServiceDefinition, AuthServiceHandlers } from './gen/types/quartet/auth/v1/AuthService.ts'

/** Accounts and tokens: quartet/auth/v1/auth.proto. Served by the user service. */
export const AuthService = loadService<AuthServiceDefinition, AuthServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/auth/v1/ChangePasswordRequest.ts'
export type * from './gen/types/quartet/auth/v1/SignInRequest.ts'
export type * from './gen/types/quartet/auth/v1/SignUpRequest.ts'
export type * from './gen/types/quartet/auth/v1/Tokens.ts'
