import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input, type Output, output } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import { checksum } from '../kubernetes/checksum.ts'
import { configMap } from '../kubernetes/config-map.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { propertiesFile } from '../kubernetes/properties.ts'
import { service } from '../kubernetes/service.ts'
import type { Site } from '../kubernetes/site.ts'
import { ADMIN_PORT, BROKER_PORT } from './broker.ts'
import type { PulsarEndpoint } from './endpoint.ts'
import { configVolume, PULSAR_USER, pulsarContainer, TOKEN_DIR, tokenVolume } from './server.ts'
import { type Tokens, tokenSecret } from './tokens.ts'

export interface ProxyArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly config: GroupOf<'proxy'>
  readonly pulsar: GroupOf<'pulsar'>
  readonly brokers: PulsarEndpoint
  readonly tokens?: Tokens
}

/** Proxies, through which clients from outside of the cluster reach the brokers. Each client shows its own token. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: what Pulsar calls it
export class Proxy extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: ProxyArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Proxy', name, {}, opts)
    const { site, image, config, tokens } = args
    const child = { parent: this }
    const conf: Output<string> = output(tokens?.publicKey).apply((publicKey) => proxyConf(args, publicKey))
    const configuration = configMap(site, 'proxy', 'proxy', { 'proxy.conf': conf }, child)
    const ports = { pulsar: BROKER_PORT, http: ADMIN_PORT }
    const exposed = { type: config.service, sourceRanges: config.sourceRanges }
    service(site, { tier: 'proxy', name: 'proxy', ports, ...exposed }, child)
    const template = podTemplate({
      tier: 'proxy',
      ...PULSAR_USER,
      graceSeconds: 60,
      zones: site.zones,
      checksums: { config: conf.apply((text) => checksum(text)) },
      pullSecret: site.pullSecret,
      cpuLimits: site.cpuLimits,
      volumes: [configVolume('proxy'), ...(tokens ? [tokenVolume(tokenSecret('proxy'))] : [])],
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
            ready: httpCheck(ADMIN_PORT, '/status.html'),
            alive: httpCheck(ADMIN_PORT, '/status.html'),
          }),
          preStop: ['bash', '-c', 'rm -f /tmp/status; sleep 10'],
        }),
      ],
    })
    this.deployment = deployment(
      site,
      { tier: 'proxy', replicas: config.replicas, template, scaled: false },
      { parent: this, dependsOn: [configuration] },
    )
    disruptionBudget(site, 'proxy', child)
    this.registerOutputs({ deployment: this.deployment })
  }
}

function proxyConf({ brokers, pulsar }: ProxyArgs, publicKey?: string): string {
  return propertiesFile({
    clusterName: pulsar.clusterName,
    brokerServiceURL: brokers.serviceUrl,
    brokerWebServiceURL: brokers.adminUrl,
    servicePort: BROKER_PORT,
    webServicePort: ADMIN_PORT,
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
