import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input, type Output, output } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import type { GroupOf } from '../config/read.ts'
import { checksum, propertiesFile } from '../kubernetes/config-files.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { service } from '../kubernetes/service.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import type { PulsarEndpoint } from './endpoint.ts'
import { configVolume, PULSAR_USER, pulsarContainer, TOKEN_DIR, tokenVolume } from './server.ts'
import type { Tokens } from './tokens.ts'

const PORTS = TIERS.proxy.ports

/** Sizes of the proxies, and from where they are reached. */
export interface ProxySettings {
  /**
   * Pulsar proxies, for clients outside of the cluster. API and workers use the brokers. 0 to 500 pods.
   *
   * @default 0
   */
  readonly replicas?: number
  /** How the proxies are reached. @default 'ClusterIP' */
  readonly service?: 'ClusterIP' | 'LoadBalancer'
  /**
   * Networks that may connect to that LoadBalancer; all when empty, which `production` refuses: tokens travel in plain text.
   *
   * @default []
   */
  readonly sourceRanges?: readonly string[]
  /** CPU of one proxy. 50 to 64000 millicores. @default 500 */
  readonly cpuMillicores?: number
  /** Memory of one proxy. 512 to 262144 MiB. @default 1024 */
  readonly memoryMib?: number
}

export interface ProxyArgs extends SiteArgs, ProxySettings {
  /** Image of Pulsar. */
  readonly image: Input<string>
  /** The brokers behind the proxies. */
  readonly brokers: PulsarEndpoint
  /** Name of their Pulsar cluster. @default 'tracardi' */
  readonly clusterName?: string
  /** Whether a token gives only what its holder needs, where there are `tokens`. @default true */
  readonly authorization?: boolean
  /** Key and tokens of the brokers, where they ask for them. */
  readonly tokens?: Tokens
}

/** Proxies, through which clients from outside of the cluster reach the brokers. Each client shows its own token. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: what Pulsar calls it
export class Proxy extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: ProxyArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Proxy', name, {}, opts)
    const site = siteOf(name, args)
    const config = withDefaults(name, 'proxy', args)
    const pulsar = withDefaults(name, 'pulsar', args)
    const { image, tokens } = args
    const child = { parent: this }
    const conf: Output<string> = output(tokens?.publicKey).apply((publicKey) =>
      proxyConf(args.brokers, pulsar, publicKey),
    )
    const configuration = configMap(site, 'proxy', name, { 'proxy.conf': conf }, child)
    const ports = PORTS
    const exposed = { type: config.service, sourceRanges: config.sourceRanges }
    service(site, { tier: 'proxy', name, ports, ...exposed }, child)
    const template = podTemplate({
      site,
      tier: 'proxy',
      ...PULSAR_USER,
      graceSeconds: 60,
      zones: site.zones,
      checksums: { config: conf.apply((text) => checksum(text)) },
      volumes: [configVolume(name), ...(tokens ? [tokenVolume(tokens.secretName('proxy'))] : [])],
      containers: [
        pulsarContainer({
          jvm: 'proxy',
          name: 'proxy',
          image,
          command: ['bash', '-c', 'echo OK > /tmp/status && exec bin/pulsar proxy'],
          env: { PULSAR_PROXY_CONF: '/config/proxy.conf' },
          ports,
          resources: config,
          mounts: tokens ? { [TOKEN_DIR]: 'tokens' } : {},
          probes: probes({
            startSeconds: 180,
            ready: httpCheck(PORTS.http, '/status.html'),
            alive: httpCheck(PORTS.http, '/status.html'),
          }),
          preStop: ['bash', '-c', 'rm -f /tmp/status; sleep 10'],
        }),
      ],
    })
    this.deployment = deployment(
      site,
      { tier: 'proxy', name, replicas: config.replicas, template, scaled: false },
      { parent: this, dependsOn: [configuration] },
    )
    disruptionBudget(site, 'proxy', name, child)
    this.registerOutputs({ deployment: this.deployment })
  }
}

function proxyConf(brokers: PulsarEndpoint, pulsar: GroupOf<'pulsar'>, publicKey?: string): string {
  return propertiesFile({
    clusterName: pulsar.clusterName,
    brokerServiceURL: brokers.serviceUrl,
    brokerWebServiceURL: brokers.adminUrl,
    servicePort: PORTS.pulsar,
    webServicePort: PORTS.http,
    statusFilePath: '/tmp/status',
    authenticateMetricsEndpoint: false,
    ...(publicKey === undefined
      ? {}
      : {
          authenticationEnabled: true,
          authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
          tokenPublicKey: publicKey,
          authorizationEnabled: pulsar.authorization,
          forwardAuthorizationCredentials: true,
          superUserRoles: 'admin,broker',
          brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
          brokerClientAuthenticationParameters: `file://${TOKEN_DIR}/token`,
        }),
  })
}
