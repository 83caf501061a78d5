import assert from 'node:assert/strict'
import type { Registered } from '../../support/registered.ts'
import { changed, registeredBy, STACKS, type StackName } from '../../support/stack.ts'
import { ofType } from '../../support/workloads.ts'

interface Port {
  readonly protocol: string
  readonly port: number
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly namespaceSelector?: {
    readonly matchExpressions?: readonly { key: string; operator: string; values: string[] }[]
  }
  readonly ipBlock?: { readonly cidr: string }
}

interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports: readonly Port[]
}

interface Policy {
  readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

const NAME = 'app.kubernetes.io/name'
const DNS = 'any pod+169.254.20.10/32 53/UDP 53'

/** `any pod` is one of any namespace of the cluster; `anywhere` is any address at all. */
function peerName({ podSelector, namespaceSelector, ipBlock }: Peer): string {
  if (ipBlock !== undefined) return ipBlock.cidr
  if (podSelector !== undefined && namespaceSelector === undefined) {
    assert.equal(podSelector.matchLabels['app.kubernetes.io/part-of'], 'tracardi')
    return podSelector.matchLabels[NAME] as string
  }
  const [expression, ...others] = namespaceSelector?.matchExpressions ?? []
  assert.deepEqual(others, [])
  if (expression === undefined) return 'any pod'
  assert.deepEqual([expression.key, expression.operator], ['kubernetes.io/metadata.name', 'In'])
  const labels = Object.entries(podSelector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value} `)
  return `${labels.join('')}pods of ${expression.values.join(' and ')}`
}

function rulesOf(rules: readonly Rule[]): readonly string[] {
  return rules
    .map(({ from, to, ports }) => {
      const names = (from ?? to)?.map(peerName).join('+') ?? 'anywhere'
      return [names, ...ports.map(({ protocol, port }) => (protocol === 'TCP' ? port : `${port}/${protocol}`))].join(
        ' ',
      )
    })
    .sort()
}

/** What each tier may take or make, by its name. */
function tiers(resources: readonly Registered[], side: 'ingress' | 'egress'): Record<string, readonly string[]> {
  const policies = ofType(resources, 'NetworkPolicy').map(({ inputs }) => inputs.spec as Policy)
  return Object.fromEntries(
    policies
      .filter(({ podSelector }) => podSelector.matchLabels !== undefined)
      .map((policy) => [policy.podSelector.matchLabels?.[NAME], rulesOf(policy[side] ?? [])]),
  )
}

const of = (stack: StackName, changes: Readonly<Record<string, unknown>> = {}) => registeredBy(changed(stack, changes))

const EXTERNAL = {
  pulsar: { serviceUrl: 'pulsar+ssl://pulsar.example.com:6652', adminUrl: 'https://pulsar.example.com:8443' },
  elasticsearch: { url: 'https://one.example.com:9243,https://two.example.com:9243,https://three.example.com' },
  pulsarToken: 'token',
  elasticApiKey: 'key',
}

describe('network policies', () => {
  for (const stack of STACKS) {
    it(`deny in ${stack} everything that is not allowed, for every pod and both ways`, async () => {
      const policies = ofType(await of(stack), 'NetworkPolicy')
      const deny = policies.find(({ inputs }) => inputs.metadata.name === 'default-deny')
      assert.deepEqual(deny?.inputs.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
      assert.equal(deny?.inputs.metadata.namespace, 'tracardi')
      for (const { inputs } of policies) assert.deepEqual(inputs.spec.policyTypes, ['Ingress', 'Egress'])
    })
  }

  it('let each tier reach its peers, the set-up and the keeper of budgets the API server, and nobody else', async () => {
    const clients = [DNS, 'broker 6650 8080', 'elasticsearch-data 9200']
    const members = [DNS, 'elasticsearch-data 9300', 'elasticsearch-master 9300']
    assert.deepEqual(tiers(await of('staging', { proxy: { replicas: 1 } }), 'egress'), {
      zookeeper: [DNS, 'zookeeper 2181 2888 3888'],
      bookkeeper: [DNS, 'bookkeeper 3181', 'zookeeper 2181'],
      autorecovery: [DNS, 'bookkeeper 3181', 'zookeeper 2181'],
      broker: [DNS, 'bookkeeper 3181', 'broker 6650 8080', 'zookeeper 2181'],
      proxy: [DNS, 'broker 6650 8080'],
      'elasticsearch-master': members,
      'elasticsearch-data': members,
      'budget-keeper': [DNS, 'anywhere 443 6443 8443 16443', 'elasticsearch-data 9200', 'zookeeper 2181'],
      api: [DNS, 'api 8585', 'api 9464', ...clients.slice(1), 'worker 9464'],
      worker: clients,
      // The API server too, which says what is to be drained.
      'set-up': [DNS, 'anywhere 443 6443 8443 16443', 'bookkeeper 3181', ...clients.slice(1), 'zookeeper 2181'],
    })
  })

  it('let each tier be reached by its peers, and by nobody that the stack does not name', async () => {
    const members = ['elasticsearch-data 9300', 'elasticsearch-master 9300']
    assert.deepEqual(tiers(await of('staging', { proxy: { replicas: 1 } }), 'ingress'), {
      zookeeper: [
        'autorecovery 2181',
        'bookkeeper 2181',
        'broker 2181',
        'budget-keeper 2181',
        'set-up 2181',
        'zookeeper 2181 2888 3888',
      ],
      bookkeeper: ['autorecovery 3181', 'bookkeeper 3181', 'broker 3181', 'set-up 3181'],
      autorecovery: [],
      broker: ['api 6650 8080', 'broker 6650 8080', 'proxy 6650 8080', 'set-up 6650 8080', 'worker 6650 8080'],
      proxy: ['anywhere 6650 8080'],
      'elasticsearch-master': members,
      'elasticsearch-data': ['api 9200', 'budget-keeper 9200', ...members, 'set-up 9200', 'worker 9200'],
      'budget-keeper': [],
      api: ['anywhere 8585', 'api 8585', 'api 9464'],
      worker: ['api 9464'],
      'set-up': [],
    })
  })

  /** Who of other namespaces is let in where, in all of a stack. */
  const visitors = async (stack: StackName, changes: Readonly<Record<string, unknown>>) =>
    Object.entries(tiers(await of(stack, changes), 'ingress'))
      .flatMap(([tier, lines]) => lines.map((line) => `${line} → ${tier}`))
      .filter((line) => /\bpods? /.test(line) || line.startsWith('any'))
      .sort()
  const STRANGERS = ['anywhere 8585 → api']

  it('let only pods of the namespaces for monitoring read metrics, and nobody where the stack names none', async () => {
    for (const stack of STACKS) assert.deepEqual(await visitors(stack, {}), STRANGERS)
    const platform = { monitoringNamespaces: ['prometheus', 'grafana'] }
    const scrapers = 'pods of prometheus and grafana'
    assert.deepEqual(await visitors('staging', { platform }), [
      ...STRANGERS,
      `${scrapers} 8000 → autorecovery`,
      `${scrapers} 8000 → bookkeeper`,
      `${scrapers} 8000 → zookeeper`,
      `${scrapers} 8080 → broker`,
      `${scrapers} 9464 → api`,
      `${scrapers} 9464 → worker`,
    ])
  })

  it('let only those pods of them that have the labels, where the stack states some', async () => {
    const monitoringPods = ['app.kubernetes.io/name=prometheus', 'tier=main']
    const platform = { monitoringNamespaces: ['monitoring'], monitoringPods }
    assert.deepEqual(tiers(await of('staging', { platform }), 'ingress')['autorecovery'], [
      'app.kubernetes.io/name=prometheus tier=main pods of monitoring 8000',
    ])
  })

  it('let no scraper to brokers that ask for no token, whose port serves the admin API', async () => {
    const found = await visitors('dev', { platform: { monitoringNamespaces: ['monitoring'] } })
    assert.deepEqual(
      found.filter((line) => /8080/.test(line)),
      [],
    )
    assert.ok(found.includes('pods of monitoring 8000 → bookkeeper'))
  })

  it('let the operator of KEDA ask brokers for the backlog, where it scales the workers', async () => {
    const workers = { autoscaling: 'keda', maxReplicas: 8 }
    const asks = (found: readonly string[]) => found.filter((line) => line.startsWith('app='))
    assert.deepEqual(asks(await visitors('staging', { workers })), ['app=keda-operator pods of keda 8080 → broker'])
    const elsewhere = { workers: { ...workers, kedaNamespace: 'scalers' } }
    assert.deepEqual(asks(await visitors('staging', elsewhere)), ['app=keda-operator pods of scalers 8080 → broker'])
    assert.deepEqual(asks(await visitors('staging', { workers: { autoscaling: 'hpa', maxReplicas: 8 } })), [])
  })

  it('let only pods of the namespaces of operators to the private listener', async () => {
    const found = await visitors('production', { platform: { operatorNamespaces: ['sso'] } })
    assert.deepEqual(found, [...STRANGERS, 'pods of sso 8686 → api'])
  })

  it('name no tier that the stack does not have', async () => {
    const dev = await of('dev')
    const names = [
      'api',
      'autorecovery',
      'bookkeeper',
      'broker',
      'budget-keeper',
      'elasticsearch-master',
      'set-up',
      'worker',
      'zookeeper',
    ]
    assert.deepEqual(Object.keys(tiers(dev, 'egress')).sort(), names)
    assert.deepEqual(tiers(dev, 'egress')['api'], [
      DNS,
      'api 8585',
      'api 9464',
      'broker 6650 8080',
      'elasticsearch-master 9200',
      'worker 9464',
    ])
    assert.deepEqual(tiers(dev, 'egress')['elasticsearch-master'], [DNS, 'elasticsearch-master 9300'])
    // Masters that hold data answer clients also next to data nodes.
    const grown = tiers(await of('dev', { elasticsearch: { dataNodes: 1 } }), 'egress')
    assert.deepEqual(grown['api'], tiers(dev, 'egress')['api'])
  })

  it('open exactly the ports of an existing Pulsar and Elasticsearch', async () => {
    const resources = await of('staging', EXTERNAL)
    const clients = [DNS, 'anywhere 6652 8443', 'anywhere 9243 443']
    assert.deepEqual(tiers(resources, 'egress'), {
      api: [...clients, 'api 8585', 'api 9464', 'worker 9464'],
      worker: clients,
      'set-up': clients,
    })
    assert.deepEqual(tiers(resources, 'ingress'), {
      api: ['anywhere 8585', 'api 8585', 'api 9464'],
      worker: ['api 9464'],
      'set-up': [],
    })
  })

  it('let API and workers reach a collector of traces, where there is one', async () => {
    const runtime = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.observability:4318' }
    const before = tiers(await of('staging'), 'egress')
    const after = tiers(await of('staging', { runtime }), 'egress')
    for (const [tier, lines] of Object.entries(after)) {
      const more = ['api', 'worker'].includes(tier) ? ['anywhere 4318'] : []
      assert.deepEqual(
        lines.filter((line) => !before[tier]?.includes(line)),
        more,
        tier,
      )
    }
  })

  const addresses: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
    ['its Service', {}, []],
    ['an Ingress with TLS', { ingressHost: 'e.example.com', ingressTlsSecret: 'tls' }, ['anywhere 443 8443']],
    ['a plain Ingress', { ingressHost: 'e.example.com' }, ['anywhere 80 8000 8080']],
    ['a stated address', { ingressHost: 'e.example.com', canaryUrl: 'https://e.example.com:4443' }, ['anywhere 4443']],
    ['nothing, where there is no canary', { ingressHost: 'e.example.com', canary: false }, []],
  ]
  for (const [what, api, more] of addresses) {
    it(`let the canary of the API reach ${what}`, async () => {
      const before = tiers(await of('staging'), 'egress')
      for (const [tier, lines] of Object.entries(tiers(await of('staging', { api }), 'egress')))
        assert.deepEqual(
          lines.filter((line) => !before[tier]?.includes(line)),
          tier === 'api' ? more : [],
          tier,
        )
    })
  }

  const urls: readonly (readonly [string, string, string])[] = [
    ['pulsar+ssl://p.example.com', 'https://p.example.com', 'anywhere 6651 443'],
    ['pulsar://p.example.com', 'http://p.example.com', 'anywhere 6650 80'],
    ['pulsar://one.example.com:6650,two.example.com:6660', 'http://p.example.com:8080', 'anywhere 6650 6660 8080'],
  ]
  for (const [serviceUrl, adminUrl, rule] of urls) {
    it(`know the ports of ${serviceUrl} and ${adminUrl}`, async () => {
      const resources = await of('staging', { pulsar: { serviceUrl, adminUrl }, pulsarToken: 'token' })
      assert.deepEqual(
        tiers(resources, 'egress')['worker']?.filter((line) => line.startsWith('anywhere')),
        [rule],
      )
    })
  }
})
