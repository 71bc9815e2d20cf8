import { loadService } from './contract.ts'
import { Health as health } from './gen/es/grpc/health/v1/health_pb.js'
import { ServerReflection as reflection } from './gen/es/grpc/reflection/v1/reflection_pb.js'
import { ServerReflection as reflectionAlpha } from './gen/es/grpc/reflection/v1alpha/reflection_pb.js'
import type { HealthDefinition, HealthHandlers } from './gen/types/grpc/health/v1/Health.ts'
import type {
  ServerReflectionDefinition,
  ServerReflectionHandlers,
} from './gen/types/grpc/reflection/v1/ServerReflection.ts'
import type {
  ServerReflectionDefinition as ServerReflectionAlphaDefinition,
  ServerReflectionHandlers as ServerReflectionAlphaHandlers,
} from './gen/types/grpc/reflection/v1alpha/ServerReflection.ts'

/** Whether a server can be called: what probes, Envoy and load balancers ask. */
export const Health = loadService<HealthDefinition, HealthHandlers>(health)

/** What a server serves: what grpcurl and its like ask. */
export const ServerReflection = loadService<ServerReflectionDefinition, ServerReflectionHandlers>(reflection)

/** The same under its first name, which older tools still ask by. */
export const ServerReflectionAlpha = loadService<
  ServerReflectionAlphaDefinition,
  ServerReflectionAlphaHandlers
>(reflectionAlpha)
