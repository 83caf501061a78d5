import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from '@pulumi/pulumi'
import type { Plan } from '../config/plan.ts'
import type { Site } from '../kubernetes/site.ts'
import { Autorecovery } from './autorecovery.ts'
import { BookKeeper, bookies } from './bookkeeper.ts'
import { Broker } from './broker.ts'
import type { PulsarAccess } from './endpoint.ts'
import { metadataJob } from './metadata.ts'
// biome-ignore lint/suspicious/noShadowRestrictedNames: what Pulsar calls it
import { Proxy } from './proxy.ts'
import { Tokens, tokenSecret } from './tokens.ts'
import { ZooKeeper } from './zookeeper.ts'

export interface PulsarArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly plan: Pick<Plan, 'zookeeper' | 'bookkeeper' | 'autorecovery' | 'broker' | 'proxy' | 'pulsar'>
}

/**
 * A Pulsar cluster: ZooKeeper, bookies with autorecovery, brokers, and proxies where they are asked for. Each tier starts,
 * and is changed, when the one that it stands on is ready.
 */
export class Pulsar extends ComponentResource implements PulsarAccess {
  readonly endpoint: Broker
  readonly tokenSecrets?: Readonly<Record<'admin' | 'api' | 'worker', string>>
  readonly tokenDigest?: Output<string>
  readonly dependsOn: readonly Resource[]

  constructor(name: string, { site, image, plan }: PulsarArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:pulsar:Pulsar', name, {}, opts)
    const after = (...dependsOn: Resource[]) => ({ parent: this, dependsOn })
    const zookeeper = new ZooKeeper('zookeeper', { site, image, config: plan.zookeeper }, { parent: this })
    const metadata = metadataJob(
      {
        site,
        image,
        clusterName: plan.pulsar.clusterName,
        zookeeper: zookeeper.address,
        bookies: bookies(site, plan.bookkeeper.replicas),
      },
      after(zookeeper),
    )
    const shared = { site, image, zookeeper: zookeeper.address }
    const bookkeeper = new BookKeeper('bookkeeper', { ...shared, config: plan.bookkeeper }, after(metadata))
    const autorecovery = new Autorecovery('autorecovery', { ...shared, config: plan.autorecovery }, after(bookkeeper))
    const tokens = plan.pulsar.authentication ? new Tokens('pulsar-tokens', site, { parent: this }) : undefined
    const authentication = tokens ? { tokens } : {}
    const brokers = new Broker(
      'broker',
      { ...shared, config: plan.broker, bookkeeper: plan.bookkeeper, pulsar: plan.pulsar, ...authentication },
      after(autorecovery),
    )
    if (plan.proxy.replicas > 0) {
      const proxy = { site, image, config: plan.proxy, pulsar: plan.pulsar, brokers, ...authentication }
      new Proxy('proxy', proxy, after(brokers))
    }
    this.endpoint = brokers
    if (tokens) {
      this.tokenDigest = tokens.digest
      this.tokenSecrets = { admin: tokenSecret('admin'), api: tokenSecret('api'), worker: tokenSecret('worker') }
    }
    this.dependsOn = tokens ? [brokers, tokens] : [brokers]
    this.registerOutputs({ serviceUrl: brokers.serviceUrl, adminUrl: brokers.adminUrl })
  }
}
