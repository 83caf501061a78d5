import type { Sampler } from '@opentelemetry/sdk-trace-base'
import type { Config } from '../config.ts'

type Sdk = Pick<
  typeof import('@opentelemetry/sdk-trace-base'),
  'AlwaysOnSampler' | 'AlwaysOffSampler' | 'ParentBasedSampler' | 'TraceIdRatioBasedSampler'
>

/** The sampler of `OTEL_TRACES_SAMPLER`. */
export function samplerOf(
  sdk: Sdk,
  { tracesSampler, tracesSamplerArg }: Pick<Config, 'tracesSampler' | 'tracesSamplerArg'>,
): Sampler {
  const root = tracesSampler.replace('parentbased_', '')
  const sampler =
    root === 'traceidratio'
      ? new sdk.TraceIdRatioBasedSampler(tracesSamplerArg)
      : root === 'always_off'
        ? new sdk.AlwaysOffSampler()
        : new sdk.AlwaysOnSampler()
  return root === tracesSampler ? sampler : new sdk.ParentBasedSampler({ root: sampler })
}
