import * as k8s from '@pulumi/kubernetes'
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
  secret,
} from '@pulumi/pulumi'
import * as random from '@pulumi/random'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import { checksumOfSecrets } from '../kubernetes/config-files.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { labelsOf } from '../kubernetes/labels.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site, siteOf } from '../kubernetes/site.ts'
import { disruptionBudget } from '../kubernetes/tier-objects.ts'
import { canaryUrlOf } from './canary-url.ts'
import {
  accessOf,
  instancesService,
  MONITORING_PORT,
  PRIVATE_PORT,
  PUBLIC_PORT,
  type RuntimeArgs,
} from './environment.ts'
import { programPod, programSettings } from './program.ts'

/** Sizes of the API, and how it is reached. */
export interface ApiSettings {
  /** Replicas of the API. 1 to 500 pods. @default 10 */
  readonly replicas?: number
  /**
   * `cpu`: a HorizontalPodAutoscaler on CPU, from `minReplicas` to `maxReplicas`. Needs metrics-server.
   *
   * @default 'none'
   */
  readonly autoscaling?: 'none' | 'cpu'
  /** Minimum replicas of autoscaling; 0: as many as `replicas`. 0 to 500 pods. @default 0 */
  readonly minReplicas?: number
  /** Maximum replicas of autoscaling. 1 to 500 pods. @default 30 */
  readonly maxReplicas?: number
  /** Target CPU of autoscaling, as a part of the request. 10 to 95 percent. @default 60 */
  readonly targetCpuPercent?: number
  /**
   * CPU of one replica. It is one Node.js process: more than 1500 is wasted. 50 to 64000 millicores.
   *
   * @default 1000
   */
  readonly cpuMillicores?: number
  /** Memory of one replica. 256 to 262144 MiB. @default 512 */
  readonly memoryMib?: number
  /** How the public listener is reached. The private one is always ClusterIP. @default 'ClusterIP' */
  readonly service?: 'ClusterIP' | 'LoadBalancer'
  /**
   * Networks that may connect to that LoadBalancer; all when empty, which `production` refuses: the listener speaks plain HTTP.
   *
   * @default []
   */
  readonly sourceRanges?: readonly string[]
  /**
   * Generation of the operators' token (output `consoleToken`). Another number creates a new token, and the API restarts with it. 1 to 1000000.
   *
   * @default 1
   */
  readonly tokenGeneration?: number
  /**
   * Whether the API sends an event of its own to its public address every minute and looks for it in Elasticsearch ([canary](metrics.md#the-canary)).
   * One of all replicas sends it.
   *
   * @default true
   */
  readonly canary?: boolean
  /**
   * Public address that the canary calls, without a path. The address of the Ingress when empty, and without an Ingress the Service.
   *
   * @default ''
   */
  readonly canaryUrl?: string
  /** Host name of an Ingress to the public listener; no Ingress when empty. @default '' */
  readonly ingressHost?: string
  /** Class of that Ingress; the default one when empty. @default '' */
  readonly ingressClass?: string
  /**
   * Annotations of that Ingress, `name=value`. It should let bodies pass that API_MAX_BODY_BYTES allows: 4 MiB.
   *
   * @default []
   */
  readonly ingressAnnotations?: readonly string[]
  /** Secret with the certificate of that host; plain HTTP when empty. @default '' */
  readonly ingressTlsSecret?: string
}

export interface ApiArgs extends RuntimeArgs, ApiSettings {
  /**
   * The event sources by id: name, allowed origins and, for those of servers, secrets. The API rereads them when they change,
   * without a restart. @default none: every call is answered 401
   */
  readonly sources?: Input<Readonly<Record<string, unknown>>>
  /** Name of the `Workers` whose instances the console shows too. @default none */
  readonly workers?: string
  /** Name of the Secret with the event sources. @default the name of the component and `-sources` */
  readonly sourcesSecret?: string
  /** Name of the Secret with the operators' token, in the key `token`. @default the name of the component and `-console-token` */
  readonly consoleSecret?: string
}

type Config = GroupOf<'api'>

/** The API: takes events and publishes them. Its public listener may be exposed, its private one never is. */
export class Api extends ComponentResource {
  /** Where events are posted within the cluster. */
  readonly trackUrl: string
  /** The operators' token, for the console and the queue. */
  readonly consoleToken: Output<string>
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: ApiArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:runtime:Api', name, {}, opts)
    const { image, sources = {}, sourcesSecret = `${name}-sources`, consoleSecret = `${name}-console-token` } = args
    const site = siteOf(name, args)
    const config = withDefaults(name, 'api', args)
    const access = accessOf(args)
    const instances = instancesService(name)
    const privateService = `${name}-private`
    const publicUrl = `http://${hostOf(site, name)}:${PUBLIC_PORT}`
    const child = { parent: this }
    const sourcesFile = this.secret(site, sourcesSecret, {
      'sources.json': secret(output(sources).apply((all) => `${JSON.stringify(all, null, 2)}\n`)),
    })
    const token = this.token(consoleSecret, config)
    this.consoleToken = token.result
    const console = this.secret(site, consoleSecret, { token: token.result })
    const { configuration, digest } = programSettings({ name, site, access, tier: 'api' }, this, {
      instances: [instances, ...(args.workers === undefined ? [] : [instancesService(args.workers)])],
      service: privateService,
      canaryUrl: canaryUrlOf(config, publicUrl),
    })
    const digests = { settings: digest, console: checksumOfSecrets(token.result) }
    const secrets = { sources: sourcesSecret, console: consoleSecret }
    const template = programPod({ name, site, image, access, tier: 'api', resources: config, secrets }, digests)
    const scaled = config.autoscaling !== 'none'
    this.deployment = deployment(
      site,
      { tier: 'api', name, replicas: config.replicas, template, scaled },
      { parent: this, dependsOn: [configuration, sourcesFile, console] },
    )
    const exposed = { type: config.service, sourceRanges: config.sourceRanges, dualStack: true } as const
    service(site, { tier: 'api', name, ports: { public: PUBLIC_PORT }, ...exposed }, child)
    service(
      site,
      { tier: 'api', name: privateService, ports: { private: PRIVATE_PORT }, type: 'ClusterIP', dualStack: true },
      child,
    )
    service(site, { tier: 'api', name: instances, ports: { monitoring: MONITORING_PORT }, type: 'headless' }, child)
    disruptionBudget(site, 'api', name, child)
    if (scaled) this.scaler(name, site, config)
    if (config.ingressHost !== '') this.ingress(name, site, config)
    this.trackUrl = `${publicUrl}/track`
    this.registerOutputs({ trackUrl: this.trackUrl })
  }

  private secret(site: Site, name: string, stringData: Readonly<Record<string, Input<string>>>): k8s.core.v1.Secret {
    const metadata = { name, namespace: site.namespace, labels: labelsOf(site, 'api') }
    return new k8s.core.v1.Secret(name, { metadata, stringData: { ...stringData } }, { parent: this })
  }

  /** Another generation is another token, which the API reads in a rollout. */
  private token(name: string, { tokenGeneration }: Config): random.RandomPassword {
    const keepers = { generation: `${tokenGeneration}` }
    return new random.RandomPassword(name, { length: 32, special: false, keepers }, { parent: this })
  }

  /** Scales up immediately and down slowly: a stopping replica hands over its connections, and the next peak may be near. */
  private scaler(name: string, site: Site, { replicas, minReplicas, maxReplicas, targetCpuPercent }: Config): void {
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      {
        metadata: { name, namespace: site.namespace, labels: labelsOf(site, 'api') },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
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

  private ingress(name: string, site: Site, config: Config): void {
    const { ingressHost, ingressClass, ingressTlsSecret, ingressAnnotations } = config
    const annotations = Object.fromEntries(
      ingressAnnotations.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    )
    const backend = { service: { name, port: { number: PUBLIC_PORT } } }
    new k8s.networking.v1.Ingress(
      name,
      {
        metadata: {
          name,
          namespace: site.namespace,
          labels: labelsOf(site, 'api'),
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
