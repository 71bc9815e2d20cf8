import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace'

/**
 * Which traces are kept, by OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). By default: all that the caller
 * keeps, and all that begin here.
 * @throws Error in one line where one of the two is not valid.
 */
export const samplerFrom = (environment: NodeJS.ProcessEnv): Sampler => {
  const name = environment['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on'
  const create = samplers[name]
  if (!create)
    throw new Error(`OTEL_TRACES_SAMPLER is not valid (one of ${Object.keys(samplers).join(', ')})`)
  return create(environment['OTEL_TRACES_SAMPLER_ARG'] || '1')
}

const samplers: Record<string, (argument: string) => Sampler> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (argument) => new TraceIdRatioBasedSampler(ratio(argument)),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (argument) =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio(argument)) }),
}

const ratio = (argument: string): number => {
  const value = Number(argument)
  if (!(value >= 0 && value <= 1)) throw new Error('OTEL_TRACES_SAMPLER_ARG is not valid (0 to 1)')
  return value
}
