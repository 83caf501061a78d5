import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { SearchAccess, SearchEndpoint } from '../elasticsearch/endpoint.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { type PodTemplate, podTemplate, type Volume } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { EXPORTER_RESOURCES } from './monitored-stack.ts'

const TIER = 'elasticsearch-exporter'
const { ports: PORTS } = TIERS['elasticsearch-exporter']
const PORT = PORTS.metrics
const CREDENTIALS_DIR = '/credentials'
const AUTHORITY_DIR = '/authority'
/** `nobody` of the image. */
const USER = { user: 65_534, group: 65_534 } as const

export interface ExporterArgs extends SiteArgs {
  /** Image of `elasticsearch_exporter`. @default 'quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0' */
  readonly image?: Input<string>
  /** The Elasticsearch that is asked. */
  readonly elasticsearch: SearchAccess
}

/**
 * Exports Elasticsearch metrics to Prometheus, because Elasticsearch has no endpoint of its own. `elasticsearch_exporter` of prometheus-community has
 * the credentials of API and workers, which may read everything and change only their own indices.
 */
export class Exporter extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: ExporterArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:observability:Exporter', name, {}, opts)
    const site = siteOf(name, args)
    this.deployment = deployment(
      site,
      { tier: TIER, name, replicas: 1, scaled: false, template: exporterPod(name, args) },
      { parent: this },
    )
    disruptionBudget(site, TIER, name, { parent: this })
    this.registerOutputs({ deployment: this.deployment })
  }
}

function exporterPod(name: string, args: ExporterArgs): PodTemplate {
  const site = siteOf(name, args)
  const image = args.image ?? withDefaults(name, 'observability', {}).exporter
  const search = args.elasticsearch.endpoint
  const credentials = search.passwordSecret ?? search.apiKeySecret
  const volumes: Volume[] = [
    ...(credentials ? [{ name: 'credentials', secret: { secretName: credentials, defaultMode: 0o440 } }] : []),
    ...(search.authorityConfigMap ? [{ name: 'authority', configMap: { name: search.authorityConfigMap } }] : []),
  ]
  return podTemplate({
    site,
    tier: TIER,
    ...USER,
    graceSeconds: 30,
    zones: site.zones,
    ...(search.digest ? { checksums: { elasticsearch: search.digest } } : {}),
    volumes,
    containers: [
      {
        name: 'exporter',
        image,
        command: ['sh', '-c', exporterScript(search)],
        ...(search.username ? { env: { ES_USERNAME: search.username } } : {}),
        ports: PORTS,
        resources: EXPORTER_RESOURCES,
        mounts: {
          ...(credentials ? { [CREDENTIALS_DIR]: 'credentials' } : {}),
          ...(search.authorityConfigMap ? { [AUTHORITY_DIR]: 'authority' } : {}),
        },
        // Its own health: an Elasticsearch that does not answer is no reason to restart it.
        probes: probes({ startSeconds: 60, ready: httpCheck(PORT, '/healthz'), alive: httpCheck(PORT, '/healthz') }),
      },
    ],
  })
}

/** The exporter takes credentials from variables only; the cluster has them as files. */
function exporterScript({ url, passwordSecret, apiKeySecret, authorityConfigMap }: SearchEndpoint): string {
  const [node] = url.split(',')
  const options = [
    `--es.uri=${node}`,
    '--es.all',
    '--es.timeout=20s',
    `--web.listen-address=:${PORT}`,
    ...(authorityConfigMap ? [`--es.ca=${AUTHORITY_DIR}/ca.crt`] : []),
  ]
  return [
    'set -eu',
    ...(passwordSecret ? [`export ES_PASSWORD="$(cat ${CREDENTIALS_DIR}/password)"`] : []),
    ...(apiKeySecret ? [`export ES_API_KEY="$(cat ${CREDENTIALS_DIR}/apiKey)"`] : []),
    `exec /bin/elasticsearch_exporter ${options.join(' ')}`,
  ].join('\n')
}
