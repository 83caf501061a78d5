import { partitionPattern } from '../../runtime/names.ts'
import type { Tier } from '../kubernetes/tiers.ts'
import type { MonitoredStack } from './monitored-stack.ts'

/**
 * What selects the samples of a tier: the operator names the job of a PodMonitor `namespace/name`. Labels of the pods would
 * not do, because Pulsar has labels of its own under the same names.
 */
export function of(
  { namespace, prefix }: Pick<MonitoredStack, 'namespace' | 'prefix'>,
  tier: Tier,
  ...more: readonly string[]
): string {
  return `{${[`job="${namespace}/${prefix}${tier}"`, ...more].join(',')}}`
}

/** What selects the partitions of the topic among the topics of the brokers. */
export function partitions({ topic }: Pick<MonitoredStack, 'topic'>): string {
  return `topic=~"${partitionPattern(topic)}"`
}
