import type * as k8s from '@pulumi/kubernetes'
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi'
import type { GroupOf } from '../config/read.ts'
import { checksum } from '../kubernetes/checksum.ts'
import { configMap } from '../kubernetes/config-map.ts'
import { deployment } from '../kubernetes/deployment.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { httpCheck, probes } from '../kubernetes/probes.ts'
import type { Site } from '../kubernetes/site.ts'
import { bookieConf, METRICS_PORT } from './bookkeeper.ts'
import { configVolume, PULSAR_USER, pulsarContainer } from './server.ts'

export interface AutorecoveryArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly config: GroupOf<'autorecovery'>
  /** Address of ZooKeeper, `host:port`. */
  readonly zookeeper: string
}

/** Copies the ledgers of a lost bookie to the others. It keeps nothing itself. */
export class Autorecovery extends ComponentResource {
  readonly deployment: k8s.apps.v1.Deployment

  constructor(name: string, args: AutorecoveryArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Autorecovery', name, {}, opts)
    const { site, image, config } = args
    const child = { parent: this }
    const files = { 'bookkeeper.conf': bookieConf(args) }
    const configuration = configMap(site, 'autorecovery', 'autorecovery', files, child)
    const template = podTemplate({
      tier: 'autorecovery',
      ...PULSAR_USER,
      graceSeconds: 60,
      zones: site.zones,
      checksums: { config: checksum(...Object.values(files)) },
      pullSecret: site.pullSecret,
      cpuLimits: site.cpuLimits,
      volumes: [configVolume('autorecovery')],
      containers: [
        pulsarContainer({
          jvm: 'autorecovery',
          name: 'autorecovery',
          image,
          command: ['bin/pulsar', 'autorecovery'],
          env: { PULSAR_BOOKKEEPER_CONF: '/config/bookkeeper.conf' },
          ports: { metrics: METRICS_PORT },
          resources: config,
          probes: probes({
            startSeconds: 180,
            ready: httpCheck(METRICS_PORT, '/metrics'),
            alive: httpCheck(METRICS_PORT, '/metrics'),
          }),
        }),
      ],
    })
    this.deployment = deployment(
      site,
      { tier: 'autorecovery', replicas: config.replicas, template, scaled: false },
      { parent: this, dependsOn: [configuration] },
    )
    disruptionBudget(site, 'autorecovery', child)
    this.registerOutputs({ deployment: this.deployment })
  }
}
