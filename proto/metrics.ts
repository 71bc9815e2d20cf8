import { loadService } from './contract.ts'
import { MetricsService as descriptor } from './gen/es/quartet/metrics/v1/metrics_pb.js'
import type {
  MetricsServiceDefinition,
  MetricsServiceHandlers,
} from './gen/types/quartet/metrics/v1/MetricsService.ts'

/** Figures of one process, for the other services: quartet/metrics/v1/metrics.proto. */
export const MetricsService = loadService<MetricsServiceDefinition, MetricsServiceHandlers>(descriptor)

// `X` is a message to send, all fields optional; `X__Output` is one that was received, all fields there.
export type * from './gen/types/quartet/metrics/v1/Metric.ts'
export type * from './gen/types/quartet/metrics/v1/WatchProcessMetricsRequest.ts'
export type * from './gen/types/quartet/metrics/v1/WatchProcessMetricsResponse.ts'
