import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, output } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import type { SearchAccess } from '../elasticsearch/endpoint.ts'
import { labelsFrom, labelsOf } from '../kubernetes/labels.ts'
import { type Site, type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { scrapedOf, type Tier } from '../kubernetes/tiers.ts'
import { dashboardsOf } from './dashboards/model.ts'
import { Exporter } from './exporter.ts'
import { type MonitoredStackArgs, monitoredStackOf } from './monitored-stack.ts'
import { podMonitor } from './pod-monitor.ts'
import { rulesOf } from './rules.ts'

/** What Prometheus and Grafana get. */
export interface ObservabilitySettings {
  /** Time between two scrapes of a pod. 5 to 60 seconds. @default 30 */
  readonly scrapeSeconds?: number
  /**
   * Whether to create the alerts of [alerts.md](alerts.md), as a PrometheusRule. They use what the monitors scrape, and metrics of kube-state-metrics and kubelet.
   *
   * @default false
   */
  readonly rules?: boolean
  /**
   * Labels of PodMonitors and PrometheusRule, by which a Prometheus of the operator selects them, such as `release=kube-prometheus-stack`.
   *
   * @default []
   */
  readonly labels?: readonly string[]
  /**
   * URL of the page of alerts. Each alert links to it with `#` and its name.
   *
   * @default 'docs/alerts.md'
   */
  readonly runbooks?: string
  /**
   * Objective of the service level: the part of the messages that are stored within `settings.storedWithinSeconds`, over 30 days. 95 to 99.999 percent.
   *
   * @default 99.9
   */
  readonly storedObjectivePercent?: number
  /**
   * Whether to create the dashboards, as ConfigMaps for the sidecar of Grafana. They show what the monitors scrape.
   *
   * @default false
   */
  readonly dashboards?: boolean
  /**
   * Labels of these ConfigMaps, by which the sidecar selects them; `grafana_dashboard=1` by default.
   *
   * @default ['grafana_dashboard=1']
   */
  readonly dashboardLabels?: readonly string[]
  /**
   * Image of the exporter for Elasticsearch.
   *
   * @default 'quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0'
   */
  readonly exporter?: string
}

export interface ObservabilityArgs
  extends SiteArgs,
    ObservabilitySettings,
    Omit<MonitoredStackArgs, 'namespace' | 'prefix' | 'scrapeSeconds' | 'storedObjectivePercent' | 'snapshotHours'> {
  /** Hours between two snapshots of Elasticsearch. @default 0: the platform makes none */
  readonly snapshotHours?: number
  /** The Elasticsearch that the exporter asks, where `tiers` has it. */
  readonly elasticsearch: SearchAccess
  /** What the names of the resources begin with, and of the tiers that they watch. @default the name of the component and `-` */
  readonly prefix?: string
}

/** What the parts are made from. */
interface Own {
  readonly prefix: string
  readonly site: Site
  readonly config: GroupOf<'observability'>
  readonly stack: MonitoredStackArgs
  readonly elasticsearch: SearchAccess
}

/** What a Prometheus and a Grafana of the cluster need to watch the stack: who is scraped, alerts, dashboards. */
export class Observability extends ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:observability:Observability', name, {}, opts)
    const { tiers, elasticsearch, prefix = `${name}-` } = args
    const site = siteOf(name, args)
    const config = withDefaults(name, 'observability', args)
    const { authentication, settings, backlogHours, backlogPerWorker, workers, zookeepers, ensemble } = args
    const { sizedEventsPerSecond, sizedEventBytes, snapshotHours = 0 } = args
    const sized = { sizedEventsPerSecond, sizedEventBytes }
    const numbers = { backlogHours, backlogPerWorker, workers, zookeepers, ensemble, snapshotHours, ...sized }
    const { scrapeSeconds, storedObjectivePercent } = config
    const chosen = { scrapeSeconds, storedObjectivePercent }
    const stack = { namespace: site.namespace, prefix, tiers, authentication, settings, ...chosen, ...numbers }
    const own: Own = { prefix, site, config, stack, elasticsearch }
    if (tiers.includes('elasticsearch-exporter')) {
      const exporter = { ...site, image: config.exporter, elasticsearch }
      new Exporter(`${prefix}elasticsearch-exporter`, exporter, { parent: this })
    }
    for (const tier of scrapedOf(tiers, authentication)) this.monitor(own, tier)
    if (config.rules) this.rules(own)
    if (config.dashboards) this.dashboards(own)
    this.registerOutputs()
  }

  private monitor({ prefix, site, config }: Own, tier: Tier): void {
    const { labels, scrapeSeconds } = config
    new k8s.apiextensions.CustomResource(
      `${prefix}monitor-${tier}`,
      podMonitor({ name: `${prefix}${tier}`, site, tier, scrapeSeconds, labels: labelsFrom(labels) }),
      { parent: this },
    )
  }

  private rules({ prefix, site, config, stack, elasticsearch }: Own): void {
    const { labels, runbooks } = config
    const certificates = output(elasticsearch.endpoint.certificates ?? [])
    const spec = certificates.apply((made) => rulesOf(monitoredStackOf(stack, made), runbooks))
    new k8s.apiextensions.CustomResource(
      `${prefix}rules`,
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: {
          name: site.partOf,
          namespace: site.namespace,
          labels: { ...labelsFrom(labels), ...labelsOf(site, 'worker') },
        },
        spec,
      },
      { parent: this },
    )
  }

  private dashboards({ prefix, site, config, stack }: Own): void {
    const labels = { ...labelsFrom(config.dashboardLabels), ...labelsOf(site, 'worker') }
    for (const { name, json } of dashboardsOf(monitoredStackOf(stack, []))) {
      const objectName = `${prefix}dashboard-${name}`
      new k8s.core.v1.ConfigMap(
        objectName,
        {
          metadata: { name: objectName, namespace: site.namespace, labels },
          // Files of all namespaces are in one folder of the sidecar.
          data: { [`${site.namespace}-${name}.json`]: json },
        },
        { parent: this },
      )
    }
  }
}
