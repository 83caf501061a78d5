import type { AlertGroup } from './alert.ts'
import { bookkeeperAlerts } from './alerts/bookkeeper.ts'
import { certificateAlerts } from './alerts/certificates.ts'
import { elasticsearchAlerts } from './alerts/elasticsearch.ts'
import { eventAlerts } from './alerts/events.ts'
import { podAlerts } from './alerts/pods.ts'
import { queueAlerts } from './alerts/queue.ts'
import { workerAlerts } from './alerts/workers.ts'
import { zookeeperAlerts } from './alerts/zookeeper.ts'
import type { MonitoredStack } from './monitored-stack.ts'

const GROUPS = [
  eventAlerts,
  workerAlerts,
  queueAlerts,
  bookkeeperAlerts,
  zookeeperAlerts,
  elasticsearchAlerts,
  certificateAlerts,
  podAlerts,
]

/** The alerts of a stack: those about servers that it has. */
export function alertsOf(stack: MonitoredStack): readonly AlertGroup[] {
  return GROUPS.map((group) => group(stack)).filter(({ reads }) => reads.every((tier) => stack.tiers.includes(tier)))
}
