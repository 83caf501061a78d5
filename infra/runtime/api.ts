import * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input, type Output, secret } from '@pulumi/pulumi'
import * as random from '@pulumi/random'
import type { GroupOf } from '../config/read.ts'
import { checksumOfSecrets } from '../kubernetes/checksum.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import {
  CONSOLE_SECRET,
  INSTANCES,
  MONITORING_PORT,
  PRIVATE_PORT,
  PRIVATE_SERVICE,
  PUBLIC_PORT,
  type RuntimeAccess,
  SOURCES_SECRET,
} from './environment.ts'
import { programPod, programSettings } from './program.ts'

export interface ApiArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly config: GroupOf<'api'>
  readonly access: RuntimeAccess
  /** The event sources, those of servers with their secrets; the API rereads them when they change, without a restart. */
  readonly sources: Readonly<Record<string, unknown>>
}

/** The API: takes events and publishes them. Its public listener may be exposed, its private one never is. */
export class Api extends ComponentResource {
  /** Where events are posted within the cluster. */
  readonly trackUrl: string
  /** The operators' token, for the console and the queue. */
  readonly consoleToken: Output<string>
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: ApiArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Api', name, {}, opts)
    const { site, image, config, access, sources } = args
    const child = { parent: this }
    const sourcesFile = this.secret(site, SOURCES_SECRET, {
      'sources.json': secret(`${JSON.stringify(sources, null, 2)}\n`),
    })
    const token = this.token(config)
    this.consoleToken = token.result
    const console = this.secret(site, CONSOLE_SECRET, { token: token.result })
    const { configuration, digest } = programSettings({ site, access, tier: 'api' }, this)
    const digests = { settings: digest, console: checksumOfSecrets(token.result) }
    const template = programPod({ site, image, access, tier: 'api', resources: config }, digests)
    const scaled = config.autoscaling !== 'none'
    this.deployment = deployment(
      site,
      { tier: 'api', replicas: config.replicas, template, scaled },
      { parent: this, dependsOn: [configuration, sourcesFile, console] },
    )
    const exposed = { type: config.service, sourceRanges: config.sourceRanges, dualStack: true } as const
    service(site, { tier: 'api', name: 'api', ports: { public: PUBLIC_PORT }, ...exposed }, child)
    service(
      site,
      { tier: 'api', name: PRIVATE_SERVICE, ports: { private: PRIVATE_PORT }, type: 'ClusterIP', dualStack: true },
      child,
    )
    service(site, { tier: 'api', name: INSTANCES.api, ports: { monitoring: MONITORING_PORT }, type: 'headless' }, child)
    disruptionBudget(site, 'api', child)
    if (scaled) this.scaler(site, config)
    if (config.ingressHost !== '') this.ingress(site, config)
    this.trackUrl = `http://${hostOf(site, 'api')}:${PUBLIC_PORT}/track`
    this.registerOutputs({ trackUrl: this.trackUrl })
  }

  private secret(site: Site, name: string, stringData: Readonly<Record<string, Input<string>>>): k8s.core.v1.Secret {
    const metadata = { name, namespace: site.namespace, labels: labelsOf('api') }
    return new k8s.core.v1.Secret(name, { metadata, stringData: { ...stringData } }, { parent: this })
  }

  /** Another generation is another token, which the API reads in a rollout. */
  private token({ tokenGeneration }: GroupOf<'api'>): random.RandomPassword {
    const keepers = { generation: `${tokenGeneration}` }
    return new random.RandomPassword(CONSOLE_SECRET, { length: 32, special: false, keepers }, { parent: this })
  }

  /** Up at once, down slowly: a replica that ends hands over its connections, and the next peak is never far. */
  private scaler(site: Site, { replicas, minReplicas, maxReplicas, targetCpuPercent }: GroupOf<'api'>): void {
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      'api',
      {
        metadata: { name: 'api', namespace: site.namespace, labels: labelsOf('api') },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
          minReplicas: minReplicas || replicas,
          maxReplicas,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCpuPercent } },
            },
          ],
          behavior: {
            scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 30 }] },
            scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }] },
          },
        },
      },
      { parent: this, dependsOn: [this.deployment] },
    )
  }

  private ingress(site: Site, config: GroupOf<'api'>): void {
    const { ingressHost, ingressClass, ingressTlsSecret, ingressAnnotations } = config
    const annotations = Object.fromEntries(
      ingressAnnotations.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    )
    const backend = { service: { name: 'api', port: { number: PUBLIC_PORT } } }
    new k8s.networking.v1.Ingress(
      'api',
      {
        metadata: {
          name: 'api',
          namespace: site.namespace,
          labels: labelsOf('api'),
          annotations: { ...annotations, 'pulumi.com/skipAwait': 'true' },
        },
        spec: {
          ...(ingressClass ? { ingressClassName: ingressClass } : {}),
          ...(ingressTlsSecret ? { tls: [{ hosts: [ingressHost], secretName: ingressTlsSecret }] } : {}),
          rules: [{ host: ingressHost, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
        },
      },
      { parent: this },
    )
  }
}
