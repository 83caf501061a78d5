import { TIER_NAMES } from '../../infra/kubernetes/tiers.ts'
import type { MonitoredStack } from '../../infra/observability/monitored-stack.ts'
import { changed, watchedBy } from '../support/stack.ts'

/** The page of the alerts, as the cases expect it. */
export const RUNBOOKS = 'docs/alerts.md'

/**
 * A stack with everything that alerts can be about: that of staging, with proxies, three ZooKeeper nodes and a bulk of 500.
 * Prometheus begins its tests in 1970, and so do the certificates.
 */
export const STACK: MonitoredStack = watchedBy(
  changed('staging', { proxy: { replicas: 1 }, backup: { type: 's3', location: 'snapshots' } }),
  TIER_NAMES,
  [{ name: 'elasticsearch-node', notAfter: '1970-03-12T00:00:00Z' }],
)
