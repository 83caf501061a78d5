import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import { withDefaults } from '../config/defaults.ts'
import { checksum } from '../kubernetes/config-files.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import { type SiteArgs, siteOf } from '../kubernetes/site.ts'
import { configMap, disruptionBudget } from '../kubernetes/tier-objects.ts'
import { TIERS } from '../kubernetes/tiers.ts'
import { bookieConf } from './bookkeeper.ts'
import { configVolume, PULSAR_USER, pulsarContainer } from './server.ts'

const PORTS = TIERS.autorecovery.ports

/** Sizes of autorecovery. */
export interface AutorecoverySettings {
  /** Processes that copy the ledgers of a lost bookie. 1 to 10 pods. @default 2 */
  readonly replicas?: number
  /** CPU of one. 50 to 64000 millicores. @default 250 */
  readonly cpuMillicores?: number
  /** Memory of one. 512 to 262144 MiB. @default 768 */
  readonly memoryMib?: number
}

export interface AutorecoveryArgs extends SiteArgs, AutorecoverySettings {
  /** Image of Pulsar, which has BookKeeper in it. */
  readonly image: Input<string>
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
}

/** Copies the ledgers of a lost bookie to the others. It keeps nothing itself. */
export class Autorecovery extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: AutorecoveryArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Autorecovery', name, {}, opts)
    const site = siteOf(name, args)
    const config = withDefaults(name, 'autorecovery', args)
    const child = { parent: this }
    const files = { 'bookkeeper.conf': bookieConf(args) }
    const configuration = configMap(site, 'autorecovery', name, files, child)
    const template = podTemplate({
      site,
      tier: 'autorecovery',
      ...PULSAR_USER,
      graceSeconds: 60,
      zones: site.zones,
      checksums: { config: checksum(...Object.values(files)) },
      volumes: [configVolume(name)],
      containers: [
        pulsarContainer({
          jvm: 'autorecovery',
          name: 'autorecovery',
          image: args.image,
          command: ['bin/pulsar', 'autorecovery'],
          env: { PULSAR_BOOKKEEPER_CONF: '/config/bookkeeper.conf' },
          ports: PORTS,
          resources: config,
          probes: probes({
            startSeconds: 180,
            ready: httpCheck(PORTS.metrics, '/metrics'),
            alive: httpCheck(PORTS.metrics, '/metrics'),
          }),
        }),
      ],
    })
    this.deployment = deployment(
      site,
      { tier: 'autorecovery', name, replicas: config.replicas, template, scaled: false },
      { parent: this, dependsOn: [configuration] },
    )
    disruptionBudget(site, 'autorecovery', name, child)
    this.registerOutputs({ deployment: this.deployment })
  }
}
