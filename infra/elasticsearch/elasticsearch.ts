import { ComponentResource, type ComponentResourceOptions, type Input, type Resource } from '@pulumi/pulumi'
import type { Plan } from '../config/plan.ts'
import { checksum, checksumOfSecrets } from '../kubernetes/checksum.ts'
import { configMap } from '../kubernetes/config-map.ts'
import { disruptionBudget } from '../kubernetes/disruption.ts'
import { setUpJob } from '../kubernetes/job.ts'
import { ZONE_LABEL } from '../kubernetes/labels.ts'
import { podTemplate } from '../kubernetes/pod.ts'
import { service } from '../kubernetes/service.ts'
import { hostOf, type Site } from '../kubernetes/site.ts'
import { oneAfterTheOther, Stateful } from '../kubernetes/stateful.ts'
import { AUTHORITY_CONFIG, Certificates } from './certificates.ts'
import type { SearchAccess, SearchEndpoint } from './endpoint.ts'
import { ELASTICSEARCH_USER, elasticsearchPod } from './node.ts'
import { foundingMasters, membersService, type NodeSet, nodeSets } from './node-sets.ts'
import { elasticsearchSettings, HTTP_PORT, jvmOptionsFile, LOG4J_FILE, TRANSPORT_PORT } from './settings.ts'
import { passwordSecret, USERS, Users, usersScript } from './users.ts'

export interface ElasticsearchArgs {
  readonly site: Site
  readonly image: Input<string>
  readonly plan: Pick<Plan, 'elasticsearch'>
  /** First part of the names of the pipeline's indices. */
  readonly indexPrefix: string
}

/** Longer than a node takes to open the shards on its own disk, so that the next node seldom stops before they are back. */
const READY_SECONDS = 30

/**
 * An Elasticsearch cluster: masters, and data nodes with a StatefulSet for each zone. It holds data: its volumes survive
 * every change of the arguments. With security on, nodes and clients speak TLS, and each program has a user of its own.
 */
export class Elasticsearch extends ComponentResource implements SearchAccess {
  readonly endpoint: SearchEndpoint
  readonly dependsOn: readonly Resource[]

  constructor(name: string, args: ElasticsearchArgs, opts: ComponentResourceOptions = {}) {
    super('tracardi-at-scale:elasticsearch:Elasticsearch', name, {}, opts)
    const { site, image, plan, indexPrefix } = args
    const { security, memoryMap } = plan.elasticsearch
    const child = { parent: this }
    const secure = security
      ? {
          certificates: new Certificates('elasticsearch', site, child),
          users: new Users('elasticsearch-user', site, child),
        }
      : undefined
    const sets = nodeSets(plan, site)
    const founders = foundingMasters(sets)
    const alone = sets.reduce((nodes, { share }) => nodes + share.replicas, 0) === 1
    const members = { http: HTTP_PORT, transport: TRANSPORT_PORT }
    // Clients speak to the nodes that hold data; where there are only masters, those do.
    const dataTier = plan.elasticsearch.dataNodes > 0 ? 'elasticsearch-data' : 'elasticsearch-master'
    const clients = service(
      site,
      { tier: dataTier, name: 'elasticsearch', ports: { http: HTTP_PORT }, type: 'ClusterIP' },
      child,
    )
    const tiers = [...new Set(sets.map((set) => set.tier))]
    const peers = tiers.map((tier) =>
      service(site, { tier, name: membersService(tier), ports: members, type: 'headless' }, child),
    )
    const dependsOn = [clients, ...peers, ...(secure ? [secure.certificates, secure.users] : [])]
    const password = secure ? { passwordDigest: secure.users.digests.elastic } : {}
    const make = (set: NodeSet, previous: readonly Stateful[]): Stateful => {
      const files = {
        'elasticsearch.yml': elasticsearchSettings(set, { site, security, memoryMap, founders, alone, indexPrefix }),
        'heap.options': jvmOptionsFile(set.heapMib),
        'log4j2.properties': LOG4J_FILE,
      }
      const configuration = configMap(site, set.tier, set.name, files, child)
      return new Stateful(
        set.name,
        {
          site,
          tier: set.tier,
          name: set.name,
          serviceName: membersService(set.tier),
          replicas: set.share.replicas,
          labels: set.share.zone === undefined ? {} : { [ZONE_LABEL]: set.share.zone },
          claims: [{ name: 'data', gib: set.diskGib, storageClass: plan.elasticsearch.storageClass }],
          template: elasticsearchPod({
            site,
            image,
            set,
            security,
            digest: checksum(...Object.values(files)),
            ...password,
          }),
          // A node is ready when it belongs to the cluster; its shards take a while more.
          readySeconds: READY_SECONDS,
        },
        { parent: this, dependsOn: [configuration, ...dependsOn, ...previous] },
      )
    }
    // Masters beside the data nodes: neither is ready before there are both.
    const nodes = tiers.flatMap((tier) =>
      oneAfterTheOther(
        sets.filter((set) => set.tier === tier),
        make,
      ),
    )
    for (const tier of tiers) disruptionBudget(site, tier, child)
    const job = secure ? this.users(args, secure.users, nodes) : undefined
    const url = `${security ? 'https' : 'http'}://${hostOf(site, 'elasticsearch')}:${HTTP_PORT}`
    this.endpoint = {
      url,
      ...(secure
        ? {
            authorityConfigMap: AUTHORITY_CONFIG,
            username: 'tracardi',
            passwordSecret: passwordSecret('tracardi'),
            digest: checksumOfSecrets(secure.users.digests.tracardi, secure.certificates.authorityPem),
            certificates: secure.certificates.ends,
          }
        : {}),
    }
    this.dependsOn = job ? [...nodes, job] : nodes
    this.registerOutputs({ url })
  }

  /** The Job that gives API and workers their user. */
  private users(
    { site, image, indexPrefix }: ElasticsearchArgs,
    users: Users,
    dependsOn: readonly Resource[],
  ): Resource {
    const script = usersScript(`${hostOf(site, 'elasticsearch')}:${HTTP_PORT}`, indexPrefix)
    const template = podTemplate({
      tier: 'set-up',
      ...ELASTICSEARCH_USER,
      graceSeconds: 30,
      restartPolicy: 'OnFailure',
      pullSecret: site.pullSecret,
      cpuLimits: site.cpuLimits,
      volumes: [
        { name: 'authority', configMap: { name: AUTHORITY_CONFIG } },
        {
          name: 'users',
          projected: {
            defaultMode: 0o440,
            sources: USERS.map((user) => ({
              secret: { name: passwordSecret(user), items: [{ key: 'password', path: user }] },
            })),
          },
        },
      ],
      containers: [
        {
          name: 'users',
          image,
          command: ['bash', '-c', script],
          resources: { cpuMillicores: 100, memoryMib: 256 },
          mounts: { '/authority': 'authority', '/users': 'users' },
        },
      ],
    })
    return setUpJob(site, 'elasticsearch-users', checksumOfSecrets(script, users.digests.tracardi), template, {
      parent: this,
      dependsOn: [...dependsOn],
    })
  }
}
