import type { Histogram } from '../histogram.ts'

// The shapes in which figures are handed to whoever publishes them, and gRFC A66's buckets.

/** One figure by its labels. */
export interface Point<Value> {
  readonly labels: Readonly<Record<string, string>>
  readonly value: Value
}

export const counter = (name: string, help: string, points: Point<number>[]) => ({
  type: 'counter' as const,
  name,
  help,
  points,
})

export const gauge = (name: string, help: string, points: Point<number>[]) => ({
  type: 'gauge' as const,
  name,
  help,
  points,
})

/** @param unit as OpenTelemetry writes it: seconds or bytes. */
export const histogram = (name: string, unit: 's' | 'By', help: string, points: Point<Histogram>[]) => ({
  type: 'histogram' as const,
  name,
  unit,
  help,
  points,
})

/** Seconds. */
export const latencyBuckets = [
  0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01,
  0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65,
  0.8, 1, 2, 5, 10, 20, 50, 100,
]

/** Bytes. */
export const sizeBuckets = [
  0, 1024, 2048, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456,
  1_073_741_824, 4_294_967_296,
]
