import { labelsOf, selectorOf, type Tier } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'

/** What tells metrics in the pods of a tier: the name of the port, and the path. */
interface Told {
  readonly port: string
  readonly path: string
}

/** Pulsar's own web servers answer `/metrics` with a redirect. */
const JETTY = '/metrics/'

const TOLD: Readonly<Partial<Record<Tier, Told>>> = {
  zookeeper: { port: 'metrics', path: '/metrics' },
  bookkeeper: { port: 'metrics', path: '/metrics' },
  autorecovery: { port: 'metrics', path: '/metrics' },
  broker: { port: 'http', path: JETTY },
  proxy: { port: 'http', path: JETTY },
  'elasticsearch-exporter': { port: 'metrics', path: '/metrics' },
  api: { port: 'monitoring', path: '/metrics' },
  worker: { port: 'monitoring', path: '/metrics' },
}

export interface PodMonitorArgs {
  readonly name: string
  readonly site: Pick<Site, 'namespace' | 'partOf'>
  readonly tier: Tier
  readonly scrapeSeconds: number
  /** By which a Prometheus of the operator chooses it. */
  readonly labels: Readonly<Record<string, string>>
}

/** The PodMonitor of a tier. The job of its samples is called after it: `namespace/name`. */
export function podMonitor({ name, site, tier, scrapeSeconds, labels }: PodMonitorArgs) {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name, namespace: site.namespace, labels: { ...labels, ...labelsOf(site, tier) } },
    spec: {
      selector: { matchLabels: selectorOf(site, tier) },
      podMetricsEndpoints: [{ ...TOLD[tier], interval: `${scrapeSeconds}s` }],
    },
  }
}
