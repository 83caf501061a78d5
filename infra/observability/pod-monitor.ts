import { labelsOf, selectorOf } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'
import { type Tier, tierOf } from '../kubernetes/tiers.ts'

export interface PodMonitorArgs {
  readonly name: string
  readonly site: Pick<Site, 'namespace' | 'partOf' | 'instance'>
  readonly tier: Tier
  readonly scrapeSeconds: number
  /** By which a Prometheus of the operator chooses it. */
  readonly labels: Readonly<Record<string, string>>
}

/** The PodMonitor of a tier. The job of its samples is called after it: `namespace/name`. */
export function podMonitor({ name, site, tier, scrapeSeconds, labels }: PodMonitorArgs) {
  const { port, path } = metricsOf(tier)
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name, namespace: site.namespace, labels: { ...labels, ...labelsOf(site, tier) } },
    spec: {
      selector: { matchLabels: selectorOf(site, tier) },
      podMetricsEndpoints: [{ port, path, interval: `${scrapeSeconds}s` }],
    },
  }
}

/** @throws Error where the tier serves none. */
function metricsOf(tier: Tier): { readonly port: string; readonly path: string } {
  const { metrics } = tierOf(tier)
  if (metrics === undefined) throw new Error(`${tier} serves no metrics`)
  return metrics
}
