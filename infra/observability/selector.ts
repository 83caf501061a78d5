import type { Tier } from '../kubernetes/tiers.ts'
import type { Watched } from './watched.ts'

/**
 * What selects the samples of a tier: the operator names the job of a PodMonitor `namespace/name`. Labels of the pods would
 * not do, because Pulsar has labels of its own under the same names.
 */
export function of(
  { namespace, prefix }: Pick<Watched, 'namespace' | 'prefix'>,
  tier: Tier,
  ...more: readonly string[]
): string {
  return `{${[`job="${namespace}/${prefix}${tier}"`, ...more].join(',')}}`
}

/** What selects the partitions of the topic among the topics of the brokers. No name may hold what a regular expression reads. */
export function partitions({ topic }: Pick<Watched, 'topic'>): string {
  return `topic=~"${topic}-partition-[0-9]+"`
}
