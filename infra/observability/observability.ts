import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, output } from '@pulumi/pulumi'
import type { Plan } from '../config/plan.ts'
import type { GroupOf } from '../config/read.ts'
import type { SearchEndpoint } from '../elasticsearch/endpoint.ts'
import { labelsOf, type Tier } from '../kubernetes/labels.ts'
import type { Site } from '../kubernetes/site.ts'
import { dashboardsOf } from './dashboards.ts'
import { Exporter } from './exporter.ts'
import { labelsFrom } from './label-list.ts'
import { podMonitor } from './pod-monitor.ts'
import { rulesOf } from './rules.ts'
import { scrapedOf, watchedOf } from './watched.ts'

export interface ObservabilityArgs {
  readonly site: Site
  readonly plan: Plan
  /** Every tier of the stack, the exporter among them. */
  readonly tiers: readonly Tier[]
  readonly search: SearchEndpoint
}

/** What a Prometheus and a Grafana of the cluster need to watch the stack: who is scraped, alerts, dashboards. */
export class Observability extends ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:observability:Observability', name, {}, opts)
    const { site, plan, tiers, search } = args
    const config = plan.observability
    if (tiers.includes('elasticsearch-exporter')) {
      new Exporter('elasticsearch-exporter', { site, image: config.exporter, search }, { parent: this })
    }
    for (const tier of scrapedOf(tiers, plan.pulsar.authentication)) this.monitor(site, tier, config)
    if (config.rules) this.rules(args)
    if (config.dashboards) this.dashboards(args)
    this.registerOutputs()
  }

  private monitor({ namespace }: Site, tier: Tier, { labels, scrapeSeconds }: GroupOf<'observability'>): void {
    new k8s.apiextensions.CustomResource(
      `monitor-${tier}`,
      podMonitor({ namespace, tier, scrapeSeconds, labels: labelsFrom(labels) }),
      { parent: this },
    )
  }

  private rules({ site, plan, tiers, search }: ObservabilityArgs): void {
    const { labels, runbooks } = plan.observability
    const spec = output(search.certificates ?? []).apply((made) => rulesOf(watchedOf(plan, tiers, made), runbooks))
    new k8s.apiextensions.CustomResource(
      'rules',
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: {
          name: 'tracardi',
          namespace: site.namespace,
          labels: { ...labelsFrom(labels), ...labelsOf('worker') },
        },
        spec,
      },
      { parent: this },
    )
  }

  private dashboards({ site, plan, tiers }: ObservabilityArgs): void {
    const labels = { ...labelsFrom(plan.observability.dashboardLabels), ...labelsOf('worker') }
    for (const { name, json } of dashboardsOf(watchedOf(plan, tiers, []))) {
      const objectName = `dashboard-${name}`
      new k8s.core.v1.ConfigMap(
        objectName,
        {
          metadata: { name: objectName, namespace: site.namespace, labels },
          // Files of all namespaces lie in one folder of the sidecar.
          data: { [`${site.namespace}-${name}.json`]: json },
        },
        { parent: this },
      )
    }
  }
}
