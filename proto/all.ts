import { AuthService } from './auth.ts'
import { ChatService } from './chat.ts'
import type { Service } from './contract.ts'
import { MetricsService } from './metrics.ts'
import { OrderService } from './order.ts'
import { UploadService } from './upload.ts'
import { UserService } from './user.ts'

/** Every service of the contract. For generators and tests: a server loads only what it serves. */
export const allServices: readonly Service[] = [
  AuthService,
  ChatService,
  MetricsService,
  OrderService,
  UploadService,
  UserService,
]
