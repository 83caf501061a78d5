import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { type ComponentResource, type ComponentResourceOptions, RunError } from '@pulumi/pulumi'
import { type Key, schema } from '../../infra/config/schema.ts'
import {
  Api,
  Autorecovery,
  Backup,
  BookKeeper,
  Broker,
  Elasticsearch,
  Erase,
  Exporter,
  edgesOf,
  Guard,
  Images,
  NetworkPolicies,
  Observability,
  Platform,
  // biome-ignore lint/suspicious/noShadowRestrictedNames: what Pulsar calls it
  Proxy,
  Pulsar,
  Replay,
  Retention,
  SetUp,
  Tokens,
  Workers,
  ZooKeeper,
} from '../../infra/index.ts'
import { loadConfig } from '../../runtime/config.ts'
import { clashes } from '../support/clashes.ts'
import { another } from '../support/other-values.ts'
import { type Registered, registered } from '../support/registered.ts'

type Group = keyof typeof schema
type Values = Readonly<Record<string, unknown>>

// biome-ignore lint/suspicious/noExplicitAny: each component has arguments of its own
type Maker = new (name: string, args: any, opts?: ComponentResourceOptions) => ComponentResource

interface Component {
  readonly make: Maker
  /** The least that it needs. */
  readonly needed: Values
  /** Names of what it makes as `one`, in the order of the alphabet: name of the resource, and its kind. */
  readonly children: readonly string[]
  /** Group of the stack configuration whose keys it takes, but for those. */
  readonly settings?: readonly [Group, readonly string[]]
  /** The other settings that a setting needs to have an effect. */
  readonly beside?: Readonly<Record<string, Values>>
}

const site = { namespace: 'shop' }
const image = 'example.com/image:1.2.3'
const runtime = {
  ...site,
  image,
  pulsar: { endpoint: { serviceUrl: 'pulsar://p:6650', adminUrl: 'http://p:8080' }, dependsOn: [] },
  elasticsearch: { endpoint: { url: 'http://e:9200' }, dependsOn: [] },
}
const zookeeper = 'zookeeper.shop.svc.cluster.local:2181'
const ingress = { ingressHost: 'events.example.com' }

const COMPONENTS: Readonly<Record<string, Component>> = {
  ZooKeeper: {
    make: ZooKeeper,
    needed: { ...site, image },
    settings: ['zookeeper', []],
    children: [
      'data-one-0 PersistentVolumeClaim',
      'data-one-1 PersistentVolumeClaim',
      'data-one-2 PersistentVolumeClaim',
      'one ConfigMap',
      'one PodDisruptionBudget',
      'one Service',
      'one StatefulSet',
      'one Stateful',
      'one-members Service',
    ],
  },
  BookKeeper: {
    make: BookKeeper,
    needed: { ...site, image, zookeeper, zones: ['a', 'b'], replicas: 2 },
    // Quorums are for the brokers, which write the ledgers.
    settings: ['bookkeeper', ['ensemble', 'writeQuorum', 'ackQuorum']],
    beside: Object.fromEntries(
      Object.entries({
        ...{ oldReplicas: 4, oldJournalGib: 30, oldLedgersGib: 300, oldJournalVolumes: 2, oldLedgerVolumes: 2 },
        ...{ oldJournalStorageClass: 'slow', oldLedgersStorageClass: 'slow' },
      }).map(([key, value]) => [key, { set: 'small', oldSet: 'first', oldReplicas: 2, [key]: value }]),
    ),
    children: [
      'journal-one-a-0 PersistentVolumeClaim',
      'journal-one-b-0 PersistentVolumeClaim',
      'ledgers-one-a-0 PersistentVolumeClaim',
      'ledgers-one-b-0 PersistentVolumeClaim',
      'one ConfigMap',
      'one PodDisruptionBudget',
      'one Service',
      'one-a Stateful',
      'one-a StatefulSet',
      'one-b Stateful',
      'one-b StatefulSet',
    ],
  },
  Autorecovery: {
    make: Autorecovery,
    needed: { ...site, image, zookeeper },
    settings: ['autorecovery', []],
    children: ['one ConfigMap', 'one Deployment', 'one PodDisruptionBudget'],
  },
  Broker: {
    make: Broker,
    needed: { ...site, image, zookeeper },
    settings: ['broker', []],
    children: [
      'one ConfigMap',
      'one PodDisruptionBudget',
      'one Service',
      'one StatefulSet',
      'one Stateful',
      'one-members Service',
    ],
  },
  Proxy: {
    make: Proxy,
    needed: { ...site, image, brokers: runtime.pulsar.endpoint, replicas: 1 },
    settings: ['proxy', []],
    beside: { sourceRanges: { service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] } },
    children: ['one ConfigMap', 'one Deployment', 'one PodDisruptionBudget', 'one Service'],
  },
  Tokens: {
    make: Tokens,
    needed: { ...site, pulsar: 'one' },
    children: [
      'one-key PrivateKey',
      'one-token-admin Secret',
      'one-token-api Secret',
      'one-token-broker Secret',
      'one-token-proxy Secret',
      'one-token-worker Secret',
    ],
  },
  Elasticsearch: {
    make: Elasticsearch,
    needed: { ...site, security: false, dataNodes: 1, masterNodes: 1 },
    settings: ['elasticsearch', ['url', 'expireIndices']],
    beside: {
      version: { version: '9.2.1' },
      masterNodes: { masterNodes: 3 },
      passwordGeneration: { security: true, passwordGeneration: 2 },
      adminPasswordGeneration: { security: true, adminPasswordGeneration: 2 },
      ...Object.fromEntries(
        Object.entries({ warmGib: 300, warmHeapGib: 2, warmCpuMillicores: 500, warmStorageClass: 'cheap' }).map(
          ([key, value]) => [key, { warmNodes: 1, [key]: value }],
        ),
      ),
      ...Object.fromEntries(
        Object.entries({ oldDataNodes: 2, oldDataGib: 300, oldHeapGib: 2, oldDataStorageClass: 'slow' }).map(
          ([key, value]) => [key, { dataSet: 'small', oldDataSet: 'first', oldDataNodes: 1, [key]: value }],
        ),
      ),
    },
    children: [
      'data-one-data-0 PersistentVolumeClaim',
      'data-one-master-0 PersistentVolumeClaim',
      'one Service',
      'one-data ConfigMap',
      'one-data PodDisruptionBudget',
      'one-data StatefulSet',
      'one-data Stateful',
      'one-data-members Service',
      'one-guard Guard',
      'one-guard-facts ConfigMap',
      'one-master ConfigMap',
      'one-master PodDisruptionBudget',
      'one-master StatefulSet',
      'one-master Stateful',
      'one-master-members Service',
      'one-upgrade Job',
    ],
  },
  Api: {
    make: Api,
    needed: runtime,
    settings: ['api', []],
    beside: {
      minReplicas: { autoscaling: 'cpu', minReplicas: 9 },
      maxReplicas: { autoscaling: 'cpu', maxReplicas: 31 },
      targetCpuPercent: { autoscaling: 'cpu', targetCpuPercent: 50 },
      sourceRanges: { service: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] },
      canaryUrl: { canaryUrl: 'https://events.example.com' },
      ingressClass: { ...ingress, ingressClass: 'nginx' },
      ingressAnnotations: { ...ingress, ingressAnnotations: ['a/b=c'] },
      ingressTlsSecret: { ...ingress, ingressTlsSecret: 'tls' },
    },
    children: [
      'one Deployment',
      'one PodDisruptionBudget',
      'one Service',
      'one-console-token RandomPassword',
      'one-console-token Secret',
      'one-instances Service',
      'one-private Service',
      'one-settings ConfigMap',
      'one-sources Secret',
    ],
  },
  Workers: {
    make: Workers,
    needed: runtime,
    settings: ['workers', ['kedaNamespace']],
    beside: {
      minReplicas: { autoscaling: 'hpa', minReplicas: 1 },
      maxReplicas: { autoscaling: 'hpa', maxReplicas: 11 },
      backlogPerWorker: { autoscaling: 'keda', backlogPerWorker: 100 },
      targetBusyPercent: { autoscaling: 'hpa', targetBusyPercent: 50 },
    },
    children: ['one Deployment', 'one PodDisruptionBudget', 'one-instances Service', 'one-settings ConfigMap'],
  },
  SetUp: {
    make: SetUp,
    needed: { ...runtime, authorization: true },
    children: ['one Job', 'one-permissions Job'],
  },
  Backup: {
    make: Backup,
    needed: { ...runtime, intervalHours: 24 },
    children: ['one-restore CronJob', 'one-snapshot CronJob'],
  },
  Erase: { make: Erase, needed: { ...runtime, workers: 'worker' }, children: ['one CronJob'] },
  Replay: { make: Replay, needed: { ...runtime, workers: 'worker' }, children: ['one CronJob'] },
  Retention: { make: Retention, needed: runtime, children: ['one CronJob'] },
  Exporter: {
    make: Exporter,
    needed: { ...site, elasticsearch: runtime.elasticsearch },
    children: ['one Deployment', 'one PodDisruptionBudget'],
  },
  Observability: {
    make: Observability,
    needed: {
      ...site,
      elasticsearch: runtime.elasticsearch,
      tiers: ['api', 'elasticsearch-exporter', 'set-up'],
      authentication: true,
      settings: loadConfig({}),
      backlogHours: 24,
      sizedEventsPerSecond: 0,
      sizedEventBytes: 0,
      backlogPerWorker: 200,
      workers: 4,
      zookeepers: 3,
      ensemble: 3,
      rules: true,
      dashboards: true,
    },
    settings: ['observability', ['monitors']],
    beside: {
      labels: { labels: ['release=prometheus'] },
      dashboardLabels: { dashboardLabels: ['grafana=yes'] },
      storedObjectivePercent: { tiers: ['api', 'worker'], storedObjectivePercent: 99 },
    },
    children: [
      'one-dashboard-overview ConfigMap',
      'one-dashboard-servers ConfigMap',
      'one-elasticsearch-exporter Deployment',
      'one-elasticsearch-exporter Exporter',
      'one-elasticsearch-exporter PodDisruptionBudget',
      'one-monitor-api PodMonitor',
      'one-monitor-elasticsearch-exporter PodMonitor',
      'one-rules PrometheusRule',
    ],
  },
  NetworkPolicies: {
    make: NetworkPolicies,
    needed: {
      ...site,
      tiers: ['api', 'worker'],
      edges: edgesOf({
        tiers: new Set(['api', 'worker']),
        outside: new Set(),
        external: { pulsar: [6650], elasticsearch: [9200] },
        authenticated: true,
      }),
    },
    children: ['one-allow-api NetworkPolicy', 'one-allow-worker NetworkPolicy', 'one-default-deny NetworkPolicy'],
  },
  Guard: {
    make: Guard,
    needed: { ...site, facts: { 'bookkeeper.replicas': '3' } },
    children: ['one-facts ConfigMap'],
  },
  Pulsar: {
    make: Pulsar,
    needed: {
      ...site,
      environment: 'staging',
      zookeeper: { replicas: 1 },
      bookkeeper: { replicas: 1, ensemble: 1, writeQuorum: 1, ackQuorum: 1 },
      proxy: { replicas: 1 },
    },
    settings: ['pulsar', ['serviceUrl', 'adminUrl']],
    beside: { version: { version: '4.0.8' } },
    children: [
      'data-one-zookeeper-0 PersistentVolumeClaim',
      'journal-one-bookkeeper-0 PersistentVolumeClaim',
      'ledgers-one-bookkeeper-0 PersistentVolumeClaim',
      'one-autorecovery Autorecovery',
      'one-autorecovery ConfigMap',
      'one-autorecovery Deployment',
      'one-autorecovery PodDisruptionBudget',
      'one-bookkeeper BookKeeper',
      'one-bookkeeper ConfigMap',
      'one-bookkeeper PodDisruptionBudget',
      'one-bookkeeper Service',
      'one-bookkeeper Stateful',
      'one-bookkeeper StatefulSet',
      'one-broker Broker',
      'one-broker ConfigMap',
      'one-broker PodDisruptionBudget',
      'one-broker Service',
      'one-broker Stateful',
      'one-broker StatefulSet',
      'one-broker-members Service',
      'one-guard Guard',
      'one-guard-facts ConfigMap',
      'one-metadata Job',
      'one-proxy ConfigMap',
      'one-proxy Deployment',
      'one-proxy PodDisruptionBudget',
      'one-proxy Proxy',
      'one-proxy Service',
      'one-token-admin Secret',
      'one-token-api Secret',
      'one-token-broker Secret',
      'one-token-proxy Secret',
      'one-token-worker Secret',
      'one-tokens Tokens',
      'one-tokens-key PrivateKey',
      'one-upgrade Job',
      'one-zookeeper ConfigMap',
      'one-zookeeper PodDisruptionBudget',
      'one-zookeeper Service',
      'one-zookeeper Stateful',
      'one-zookeeper StatefulSet',
      'one-zookeeper ZooKeeper',
      'one-zookeeper-members Service',
    ],
  },
  Images: { make: Images, needed: { root: process.cwd() }, children: ['one-runtime Image'] },
}

/** What must be stated for a second one, because it belongs to another component. */
const OTHERS: Readonly<Record<string, Values>> = { Tokens: { pulsar: 'two' } }

/** What a component of this name makes, without itself. */
async function childrenOf(
  { make, needed }: Component,
  name: string,
  more: Values = {},
): Promise<readonly Registered[]> {
  const all = await registered((opts) => {
    new make(name, { ...needed, ...more }, opts)
  })
  const [itself, ...others] = [all.at(0), ...all.slice(1)]
  assert.equal(itself?.name, name)
  return others
}

const named = ({ name, type }: Registered) => `${name} ${type.split(':').at(-1)}`

/** Every setting that a component takes, with another value than the one that it has. */
function otherSettings({ settings, needed, beside = {} }: Component): readonly (readonly [string, Values])[] {
  if (settings === undefined) return []
  const [group, without] = settings
  return Object.entries<Key>(schema[group])
    .filter(([name]) => !without.includes(name))
    .map(([name, key]) => [name, beside[name] ?? { [name]: another(key, needed[name] ?? key.default) }])
}

const inputsOf = (all: readonly Registered[]) =>
  JSON.stringify(
    all.filter(({ type }) => !type.startsWith('tracardi-at-scale:')).map(({ urn, inputs }) => [urn, inputs]),
  )

for (const [title, component] of Object.entries(COMPONENTS)) {
  describe(`a ${title} alone`, () => {
    it('makes exactly its children, called after it', async () => {
      const children = await childrenOf(component, 'one')
      assert.deepEqual(children.map(named).sort(), [...component.children].sort())
    })

    it('stays apart from another one in the same namespace', async () => {
      const [one, two] = [await childrenOf(component, 'one'), await childrenOf(component, 'two', OTHERS[title])]
      assert.deepEqual(clashes([...one, ...two]), [])
    })

    for (const [name, values] of otherSettings(component)) {
      it(`does something with its setting ${name}`, async () => {
        const before = { ...values, [name]: component.needed[name] }
        const [old, now] = [await childrenOf(component, 'one', before), await childrenOf(component, 'one', values)]
        assert.notEqual(inputsOf(now), inputsOf(old))
      })
    }
  })
}

describe('the arguments of a component', () => {
  const reasonOf = async (make: () => unknown): Promise<string> => {
    try {
      await registered(() => {
        make()
      })
    } catch (error) {
      assert.ok(error instanceof RunError)
      return error.message
    }
    return 'none'
  }

  it('are refused where the version of a server is not that of its image, or not one of this release', async () => {
    const of = (version: string, more: Values = {}) => reasonOf(() => new Pulsar('one', { ...site, version, ...more }))
    const tail = 'remove images.pulsar, or state the same version in both'
    assert.equal(
      await of('4.0.8', { image: 'r/p:4.0.6' }),
      `one cannot be made:\n  - pulsar.version is 4.0.8, and images.pulsar is r/p:4.0.6: one of them is wrong; ${tail}`,
    )
    assert.equal(
      await of('3.0.0'),
      'one cannot be made:\n  - pulsar.version is 3.0.0; this release runs Pulsar 4, and is tested with 4.0.6: state a version of it',
    )
  })

  it('are refused all together where they are out of range, with what is allowed', async () => {
    const lines = (await reasonOf(() => new ZooKeeper('one', { ...site, image, replicas: 0, memoryMib: 100 }))).split(
      '\n',
    )
    assert.deepEqual(
      lines.map((line) => line.trim().split(' ').slice(0, 4).join(' ')),
      ['one cannot be made:', '- replicas is 0;', '- memoryMib is 100;'],
    )
  })

  it('are refused by a part of a component under the name of the part', async () => {
    const reason = await reasonOf(() => new Pulsar('one', { ...site, broker: { replicas: 0 } }))
    assert.match(reason, /broker of one .*replicas is 0; allowed: .*1/s)
  })

  const misfits: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      'a quorum of more bookies than a Pulsar has',
      () => new Pulsar('one', { ...site, environment: 'staging', bookkeeper: { replicas: 2 } }),
      /ensemble 3, replicas 2/,
    ],
    [
      'an even ensemble of ZooKeeper',
      () => new Pulsar('one', { ...site, zookeeper: { replicas: 2 } }),
      /replicas is 2/,
    ],
    ['two masters of Elasticsearch', () => new Elasticsearch('one', { ...site, masterNodes: 2 }), /masterNodes is 2/],
    ['no node that holds data', () => new Elasticsearch('one', { ...site, dataNodes: 0 }), /dataNodes is 0/],
    [
      'a quorum that does not fit in a platform',
      () => new Platform('one', { ...site, runtimeImage: image, pulsar: { bookkeeper: { ackQuorum: 4 } } }),
      /ackQuorum 4/,
    ],
  ]
  for (const [what, make, reason] of misfits) {
    it(`are refused where they do not fit: ${what}`, async () => {
      assert.match(await reasonOf(make), reason)
    })
  }

  it('may be left undefined', async () => {
    assert.equal(await reasonOf(() => new ZooKeeper('one', { ...site, image, replicas: undefined as never })), 'none')
  })
})

describe('the docstring of an argument', () => {
  const files = ['pulsar', 'elasticsearch', 'runtime', 'observability', '.'].flatMap((folder) => {
    const url = new URL(`../../infra/${folder}/`, import.meta.url)
    return readdirSync(url)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(new URL(file, url), 'utf8'))
  })
  const source = files.join('\n')

  it('says the image that runs by default', () => {
    const { pulsar, elasticsearch } = schema.images
    for (const key of [pulsar, elasticsearch, schema.observability.exporter])
      assert.ok(source.includes(`@default '${key.default}'`), key.default)
    const versions = [...source.matchAll(/@default '[^']*(?:pulsar|elasticsearch):([\d.]+)'/g)].map(
      ([, version]) => version,
    )
    assert.deepEqual(new Set(versions), new Set(['4.0.6', '9.2.0']))
  })

  for (const [title, { settings }] of Object.entries(COMPONENTS)) {
    if (settings === undefined) continue
    const [group, without] = settings
    it(`says default, range and unit of each setting of a ${title}`, () => {
      const body = new RegExp(`export interface ${title}(Settings|Args) \\{\n(.*?)\n\\}`, 's').exec(source)?.[2] ?? ''
      const found = [...body.matchAll(/\/\*\*(.*?)\*\/\n +readonly (\w+)\?:/gs)].map(([, text, name]) => [name, text])
      const documented = Object.fromEntries(found) as Readonly<Record<string, string>>
      for (const [name, key] of Object.entries<Key>(schema[group])) {
        if (without.includes(name)) continue
        const text = documented[name]?.replaceAll(/\s*\n +\* ?/g, ' ') ?? ''
        const value = JSON.stringify(key.default).replaceAll('"', "'")
        assert.ok(text.includes(`@default ${value}`), `${name}: @default ${value}`)
        if (key.type !== 'integer' && key.type !== 'number') continue
        const range = `${key.minimum} to ${key.maximum}${key.unit ? ` ${key.unit}` : ''}`
        assert.ok(text.includes(range), `${name}: ${range}`)
      }
    })
  }
})
