import assert from 'node:assert/strict'
import { planOf } from '../../../infra/config/plan.ts'
import { nodeSets } from '../../../infra/elasticsearch/node-sets.ts'
import { autoCreateIndexSetting } from '../../../runtime/config.ts'
import { changed, registeredBy, type StackName } from '../../support/stack.ts'
import { ofType, podTemplates } from '../../support/workloads.ts'

/** `elasticsearch.yml` of a node set; each line is a name and JSON. */
async function settingsOf(stack: StackName, set: string, changes: Readonly<Record<string, unknown>> = {}) {
  const maps = ofType(await registeredBy(changed(stack, changes)), 'ConfigMap')
  const text: string = maps.find(({ inputs }) => inputs.metadata.name === set)?.inputs.data['elasticsearch.yml']
  const lines = text.trim().split('\n')
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(': ')), JSON.parse(line.slice(line.indexOf(': ') + 2))]),
  ) as Readonly<Record<string, unknown>>
}

const BASE = {
  'cluster.name': 'tracardi',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Elasticsearch fills in the name of the pod
  'node.name': '${POD_NAME}',
  'network.host': '_site_',
  'network.bind_host': '0.0.0.0',
  'http.port': 9200,
  'transport.port': 9300,
  'readiness.port': 9399,
  'node.store.allow_mmap': false,
  'action.auto_create_index': autoCreateIndexSetting('tracardi'),
  'action.destructive_requires_name': true,
}

const TLS = {
  'xpack.security.enabled': true,
  'xpack.security.autoconfiguration.enabled': false,
  'xpack.security.transport.ssl.enabled': true,
  'xpack.security.transport.ssl.verification_mode': 'full',
  'xpack.security.transport.ssl.key': 'certificates/tls.key',
  'xpack.security.transport.ssl.certificate': 'certificates/tls.crt',
  'xpack.security.transport.ssl.certificate_authorities': ['certificates/ca.crt'],
  'xpack.security.http.ssl.enabled': true,
  'xpack.security.http.ssl.key': 'certificates/tls.key',
  'xpack.security.http.ssl.certificate': 'certificates/tls.crt',
}

const publishHost = (tier: string) => `\${POD_NAME}.${tier}-members.tracardi.svc.cluster.local`

const SEEDS = {
  'discovery.seed_hosts': ['elasticsearch-master-members.tracardi.svc.cluster.local:9300'],
}

const ALONE = { 'discovery.seed_hosts': [], 'cluster.initial_master_nodes': ['elasticsearch-master-0'] }

/** `founding.yml` of each node set that has one. */
async function foundingOf(stack: StackName, changes: Readonly<Record<string, unknown>> = {}) {
  const maps = ofType(await registeredBy(changed(stack, changes)), 'ConfigMap')
  const texts = maps.map(({ inputs }) => [inputs.metadata.name, inputs.data['founding.yml']] as const)
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined))
}

const AWARENESS = {
  'cluster.routing.allocation.awareness.attributes': 'zone',
  'cluster.routing.allocation.awareness.force.zone.values': ['a', 'b', 'c'],
}

describe('elasticsearch.yml', () => {
  it('of a single node without security seeks nobody, founds itself, and admits others', async () => {
    assert.deepEqual(await settingsOf('dev', 'elasticsearch-master'), {
      ...BASE,
      'node.roles': ['master', 'data', 'ingest'],
      'transport.publish_host': publishHost('elasticsearch-master'),
      ...ALONE,
      'xpack.security.enabled': false,
    })
  })

  it('of a single node with security has TLS', async () => {
    assert.deepEqual(await settingsOf('dev', 'elasticsearch-master', { elasticsearch: { security: true } }), {
      ...BASE,
      'node.roles': ['master', 'data', 'ingest'],
      'transport.publish_host': publishHost('elasticsearch-master'),
      ...ALONE,
      ...TLS,
    })
  })

  it('of three masters seeks them, and decides by zones', async () => {
    for (const stack of ['staging', 'production'] as const) {
      assert.deepEqual(await settingsOf(stack, 'elasticsearch-master'), {
        ...BASE,
        'node.roles': ['master'],
        'transport.publish_host': publishHost('elasticsearch-master'),
        ...SEEDS,
        ...AWARENESS,
        ...TLS,
      })
    }
  })

  it('of data nodes in zones says the zone, and keeps the copies of a zone that is down out of the others', async () => {
    for (const zone of ['a', 'b', 'c']) {
      assert.deepEqual(await settingsOf('production', `elasticsearch-data-${zone}`), {
        ...BASE,
        'node.roles': ['data', 'ingest'],
        'transport.publish_host': publishHost('elasticsearch-data'),
        ...SEEDS,
        'node.attr.zone': zone,
        ...AWARENESS,
        ...TLS,
      })
    }
  })

  it('of nodes without zones or security joins the masters, and knows nothing of zones', async () => {
    assert.deepEqual(
      await settingsOf('dev', 'elasticsearch-data', { elasticsearch: { masterNodes: 3, dataNodes: 2 } }),
      {
        ...BASE,
        'node.roles': ['data', 'ingest'],
        'transport.publish_host': publishHost('elasticsearch-data'),
        ...SEEDS,
        'xpack.security.enabled': false,
      },
    )
  })

  it('of a master that gets a data node next to it is no longer that of a single node', async () => {
    const values = await settingsOf('dev', 'elasticsearch-master', { elasticsearch: { dataNodes: 1 } })
    assert.deepEqual(
      [values['discovery.seed_hosts'], values['cluster.initial_master_nodes']],
      [SEEDS['discovery.seed_hosts'], undefined],
    )
    assert.deepEqual(await foundingOf('dev', { elasticsearch: { dataNodes: 1 } }), {
      'elasticsearch-master': 'cluster.initial_master_nodes: ["elasticsearch-master-0"]\n',
    })
  })

  it('maps files into memory where the stack says so', async () => {
    const values = await settingsOf('dev', 'elasticsearch-master', { elasticsearch: { memoryMap: true } })
    assert.equal(values['node.store.allow_mmap'], true)
  })
})

describe('the nodes of Elasticsearch', () => {
  const sets = (stack: StackName, elasticsearch: Readonly<Record<string, unknown>>, zones: readonly string[]) =>
    nodeSets('elasticsearch', planOf(changed(stack, { platform: { zones }, elasticsearch })).elasticsearch, { zones })

  it('are sets by role, those with data by zone, each of its size', () => {
    const size = { dataGib: 50, heapGib: 2, cpuMillicores: 1500 }
    const masters = { masterDiskGib: 10, masterMemoryMib: 2048, masterCpuMillicores: 500 }
    const data = {
      tier: 'elasticsearch-data',
      roles: ['data', 'ingest'],
      storageClass: '',
      leaves: false,
      diskGib: 50,
      heapMib: 2048,
      resources: { cpuMillicores: 1500, memoryMib: 4096 },
    }
    assert.deepEqual(sets('staging', { ...size, ...masters, dataNodes: 3 }, ['a', 'b']), [
      {
        tier: 'elasticsearch-master',
        name: 'elasticsearch-master',
        roles: ['master'],
        share: { replicas: 3 },
        storageClass: '',
        leaves: false,
        diskGib: 10,
        heapMib: 1024,
        resources: { cpuMillicores: 500, memoryMib: 2048 },
      },
      { ...data, name: 'elasticsearch-data-a', share: { zone: 'a', replicas: 2 } },
      { ...data, name: 'elasticsearch-data-b', share: { zone: 'b', replicas: 1 } },
    ])
  })

  it('of older events are sets of their own, and new indices go to the others', () => {
    const warm = { warmNodes: 2, warmGib: 900, warmHeapGib: 3, warmCpuMillicores: 700, warmStorageClass: 'cheap' }
    const [, hot, , a, b] = sets('staging', { dataNodes: 2, storageClass: 'fast', ...warm }, ['a', 'b'])
    assert.deepEqual(
      [hot?.name, hot?.roles, hot?.storageClass],
      ['elasticsearch-data-a', ['data_content', 'data_hot', 'ingest'], 'fast'],
    )
    assert.deepEqual(a, {
      tier: 'elasticsearch-warm',
      name: 'elasticsearch-warm-a',
      roles: ['data_warm'],
      share: { zone: 'a', replicas: 1 },
      storageClass: 'cheap',
      leaves: false,
      diskGib: 900,
      heapMib: 3072,
      resources: { cpuMillicores: 700, memoryMib: 6144 },
    })
    assert.equal(b?.name, 'elasticsearch-warm-b')
  })

  it('are founded by every master, and by no other node', async () => {
    const all = '["elasticsearch-master-0","elasticsearch-master-1","elasticsearch-master-2"]'
    assert.deepEqual(await foundingOf('production'), {
      'elasticsearch-master': `cluster.initial_master_nodes: ${all}\n`,
    })
    assert.deepEqual(await foundingOf('dev'), {})
  })

  it('are those that a Service leads clients to: masters that hold data, with data nodes next to them too', async () => {
    const tier = async (stack: StackName, elasticsearch = {}) => {
      const services = ofType(await registeredBy(changed(stack, { elasticsearch })), 'Service')
      return services.find(({ inputs }) => inputs.metadata.name === 'elasticsearch')?.inputs.spec.selector
    }
    const part = { 'app.kubernetes.io/part-of': 'tracardi' }
    assert.deepEqual(await tier('dev'), { ...part, 'app.kubernetes.io/name': 'elasticsearch-master' })
    // The first of them does not run yet when the Job that comes before it asks.
    const grown = await tier('dev', { dataNodes: 1 })
    assert.deepEqual(grown, { ...part, 'app.kubernetes.io/name': 'elasticsearch-master' })
    assert.deepEqual(await tier('staging'), { ...part, 'app.kubernetes.io/name': 'elasticsearch-data' })
  })

  it('have the password of their administrator and certificates only with security', async () => {
    const secrets = async (stack: StackName) =>
      podTemplates(await registeredBy(changed(stack)))
        .filter(({ name }) => name === 'elasticsearch-master')
        .flatMap(({ spec }) => spec.volumes)
        .flatMap((volume: { secret?: { secretName: string } }) => volume.secret?.secretName ?? [])
    assert.deepEqual(await secrets('dev'), [])
    assert.deepEqual(await secrets('staging'), ['elasticsearch-certificates', 'elasticsearch-user-elastic'])
  })
})
