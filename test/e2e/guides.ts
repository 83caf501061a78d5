import assert from 'node:assert/strict'
import type { Operated } from './operated.ts'

/** A section of `docs/operations.md`: how its guide is done on one machine, or why it is not. */
export type Guide = { readonly guide: string } & (
  | { readonly steps: (stack: Operated) => Promise<void> }
  | { readonly reason: string }
)

const EXPLAINS = 'it explains, and changes nothing'
const NEW_SERVERS = 'it needs another version of a server: test/operators/upgrades.test.ts has the real ones'

const MASTER = 'elasticsearch-master-0'
const SMALL_NODES = ['elasticsearch-data-small-0', 'elasticsearch-data-small-1']
const OLD_BOOKIES = ['bookkeeper-0', 'bookkeeper-1']
const SMALL_BOOKIES = ['bookkeeper-small-0', 'bookkeeper-small-1']

const of = (guide: string, steps: (stack: Operated) => Promise<void>): Guide => ({ guide, steps })
const not = (guide: string, reason: string): Guide => ({ guide, reason })

/** Every section, in the order of the page. */
export const GUIDES: readonly Guide[] = [
  not('The tools', EXPLAINS),
  not('Commands', EXPLAINS),
  not('See events', EXPLAINS),
  not('Dead letters', 'it changes no stack: test/contract/dead-letters.test.ts'),
  not('Look first', EXPLAINS),
  not('One node at a time', EXPLAINS),
  not('A rollout stops', 'it needs a server in trouble: test/e2e/day-two.test.ts, test/operators/roll-out.test.ts'),
  not('When the guard refuses', 'test/e2e/platform.test.ts has its refusals'),
  not('Growing', EXPLAINS),
  of('More API replicas', async (stack) => {
    await stack.change('More API replicas', { api: { replicas: 2 } })
    await stack.ready('deployments', 'api', 2)
  }),
  of('More workers', async (stack) => {
    await stack.change('More workers', { workers: { replicas: 2 }, runtime: { PULSAR_PARTITIONS: 12 } })
    await stack.ready('deployments', 'worker', 2)
    const { backlog } = JSON.parse(await stack.read('worker', 'backlog', '--json'))
    assert.equal(new Set(backlog.map(({ partition }: { partition: string }) => partition)).size, 12)
  }),
  of('More brokers', async (stack) => {
    await stack.change('More brokers', { broker: { replicas: 2 } })
    await stack.ready('statefulsets', 'broker', 2)
    await stack.change('As many as before', { broker: { replicas: 1 } })
    await stack.ready('statefulsets', 'broker', 1)
  }),
  of('More bookies', async (stack) => {
    await stack.change('More bookies', { bookkeeper: { replicas: 2 } })
    await stack.ready('statefulsets', 'bookkeeper', 2)
    assert.deepEqual(await cookies(stack), OLD_BOOKIES)
  }),
  of('More ZooKeeper nodes', async (stack) => {
    const before = await stack.pods('zookeeper')
    await stack.change('More ZooKeeper nodes', { zookeeper: { replicas: 3 } })
    assert.deepEqual(await ensemble(stack), ['1', '2', '3'])
    assert.equal((await stack.pods('zookeeper')).get('zookeeper-0'), before.get('zookeeper-0'))
  }),
  of('More data nodes', async (stack) => {
    await stack.change('A data node', { elasticsearch: { dataNodes: 1 } })
    assert.deepEqual(await nodes(stack), ['elasticsearch-data-0', MASTER])
  }),
  of('More or fewer masters', async (stack) => {
    const { cluster_uuid: cluster } = await stack.search('')
    await stack.change('Three masters', { elasticsearch: { masterNodes: 3 } })
    assert.equal((await voters(stack)).length, 3)
    await stack.change('One master', { elasticsearch: { masterNodes: 1 } })
    await stack.ready('statefulsets', 'elasticsearch-master', 1)
    assert.equal((await voters(stack)).length, 1)
    assert.deepEqual(await nodes(stack), ['elasticsearch-data-0', MASTER])
    assert.equal((await stack.search('')).cluster_uuid, cluster)
  }),
  not('Warm nodes', 'it needs events of weeks ago: test/operators/warm-tier.test.ts'),
  not('Larger disks', 'it needs a StorageClass that expands: test/e2e/platform.test.ts does it where there is one'),
  of('Another disk for data nodes', async (stack) => {
    const old = { oldDataSet: 'first', oldDataNodes: 1, oldDataGib: 5, oldHeapGib: 1 }
    await stack.change('Data nodes next to the old one', {
      elasticsearch: { dataSet: 'small', dataNodes: 2, ...old },
    })
    assert.deepEqual(await nodes(stack), ['elasticsearch-data-0', ...SMALL_NODES, MASTER])
    await stack.change('Without data on the old one', { elasticsearch: { oldDataNodes: 0 } })
    assert.deepEqual(await nodes(stack), [...SMALL_NODES, MASTER])
    await stack.change('Without the old set', { elasticsearch: { oldDataSet: '' } })
    assert.deepEqual(await setsOf(stack, 'elasticsearch'), ['elasticsearch-data-small', 'elasticsearch-master'])
  }),
  of('Other disks for bookies', async (stack) => {
    const old = { oldSet: 'first', oldReplicas: 2, oldJournalGib: 5, oldLedgersGib: 5 }
    await stack.change('Bookies next to the old ones', {
      bookkeeper: { set: 'small', replicas: 2, journalGib: 4, ledgersGib: 4, ...old },
    })
    assert.deepEqual(await cookies(stack), [...OLD_BOOKIES, ...SMALL_BOOKIES])
    await stack.change('Without ledgers on the old ones', { bookkeeper: { oldReplicas: 0 } })
    assert.deepEqual(await cookies(stack), SMALL_BOOKIES)
    await stack.change('Without the old set', { bookkeeper: { oldSet: '' } })
    assert.deepEqual(await setsOf(stack, 'bookkeeper'), ['bookkeeper-small'])
  }),
  of('Shards and replicas', async (stack) => {
    await stack.change('More shards', { runtime: { ELASTIC_INDEX_SHARDS: 2 } })
    const { index_templates: templates } = await stack.search('_index_template/tracardi-event')
    assert.equal(templates[0].index_template.template.settings.index.number_of_shards, '2')
  }),
  of('What an index costs', async (stack) => {
    await stack.change('Refresh less often', { runtime: { ELASTIC_REFRESH_INTERVAL_SECONDS: 7 } })
    const indices = await stack.search('tracardi-event-*/_settings?flat_settings=true')
    const intervals = Object.values<{ settings: Record<string, string> }>(indices).map(
      ({ settings }) => settings['index.refresh_interval'],
    )
    assert.deepEqual([...new Set(intervals)], ['7s'])
  }),
  not('Rebuilding an index', 'it repairs an index, and changes no stack'),
  not('Adding a zone', 'it needs machines in a new zone'),
  not('Shrinking', EXPLAINS),
  of('Fewer ZooKeeper nodes', async (stack) => {
    const before = await stack.pods('zookeeper')
    await stack.change('Fewer ZooKeeper nodes', { zookeeper: { replicas: 1 } })
    await stack.ready('statefulsets', 'zookeeper', 1)
    assert.deepEqual(await ensemble(stack), ['1'])
    assert.equal((await stack.pods('zookeeper')).get('zookeeper-0'), before.get('zookeeper-0'))
  }),
  of('Fewer bookies', async (stack) => {
    await stack.change('Fewer bookies', { bookkeeper: { replicas: 1 } })
    await stack.ready('statefulsets', 'bookkeeper-small', 1)
    assert.deepEqual(await cookies(stack), SMALL_BOOKIES.slice(0, 1))
  }),
  of('Fewer data nodes', async (stack) => {
    await stack.change('Fewer data nodes', { elasticsearch: { dataNodes: 1 } })
    assert.deepEqual(await nodes(stack), [...SMALL_NODES.slice(0, 1), MASTER])
  }),
  not('Snapshots', 'it needs a store that many nodes can mount: test/contract/backup.test.ts'),
  not('Upgrading', EXPLAINS),
  of('A new runtime image', async (stack) => {
    const before = await stack.pods('worker')
    // The same image under another name: the pipeline has built it again.
    stack.image = stack.image.replace('@', ':again@')
    await stack.change('Another runtime image', { platform: { drainMinutes: 30 } })
    await stack.ready('deployments', 'worker', 2)
    for (const name of (await stack.pods('worker')).keys()) assert.ok(!before.has(name), name)
  }),
  not('A new version of a server', EXPLAINS),
  not('A new version of Pulsar', NEW_SERVERS),
  not('A new version of Elasticsearch', NEW_SERVERS),
  // Passwords need an Elasticsearch with security: test/e2e/secured.test.ts.
  of('Rotating credentials', async (stack) => {
    const token = await stack.secret('pulsar-token-admin', 'token')
    await stack.change('New tokens of Pulsar', { pulsar: { tokenGeneration: 2 } })
    assert.equal((await stack.admin('tenants', token)).status, 401)
    assert.equal((await stack.admin('tenants', await stack.secret('pulsar-token-admin', 'token'))).status, 200)

    const console = await stack.secret('console-token', 'token')
    await stack.change('A new token of the operators', { api: { tokenGeneration: 2 } })
    assert.notEqual(await stack.secret('console-token', 'token'), console)

    const secrets = { backend: ['0123456789abcdef', 'fedcba9876543210'] }
    await stack.change('A source with a secret', { sources: { backend: { name: 'Back end' } } })
    await stack.changeSecret('Its secret', 'sourceSecrets', JSON.stringify(secrets))
    const sources = JSON.parse(await stack.secret('sources', 'sources.json'))
    assert.deepEqual(sources.backend.secrets, secrets.backend)
  }),
  not('Replay', EXPLAINS),
  of('Fill a lost index again', async (stack) => {
    const events = await stack.storedIds()
    for (const index of Object.keys(await stack.search('tracardi-event-*'))) await stack.search(index, 'DELETE')
    assert.match(await stack.job('replay', { REPLAY_FROM: 'earliest' }), /stored/)
    await stack.until('each event is stored again', async () => {
      const again = new Set(await stack.storedIds())
      return events.every((id) => again.has(id))
    })
  }),
  not('Undo a deleted subscription', 'it needs somebody who deletes one: test/operators/operators.test.ts'),
  of('Keep messages longer or shorter', async (stack) => {
    const kept = async () => {
      const token = await stack.secret('pulsar-token-admin', 'token')
      const { body } = await stack.admin('namespaces/tracardi/system/retention', token)
      return JSON.parse(body).retentionTimeInMinutes
    }
    await stack.change('Keep messages longer', { runtime: { PULSAR_RETENTION_HOURS: 48 } })
    assert.equal(await kept(), 48 * 60)
    await stack.change('Keep messages shorter', {
      runtime: { PULSAR_RETENTION_HOURS: 12 },
      platform: { acknowledge: ['runtime.PULSAR_RETENTION_HOURS=12'] },
    })
    assert.equal(await kept(), 12 * 60)
  }),
  of('Erase a profile', async (stack) => {
    const events = 'tracardi-event-*/_count?q=profile.id:erased'
    const body = { source: { id: 'my-source' }, profile: { id: 'erased' }, events: [{ type: 'page-view' }] }
    const path = `/api/v1/namespaces/${stack.namespace}/services/api:8585/proxy/track`
    assert.equal((await stack.cluster.request('POST', path, body)).status, 200)
    const count = async () => {
      await stack.search('tracardi-event-*/_refresh', 'POST')
      return (await stack.search(events)).count
    }
    await stack.until('its event is stored', async () => (await count()) === 1)
    await stack.job('erase', { ERASE_PROFILE: 'erased', ERASE_BY: 'test' })
    assert.equal(await count(), 0)
  }),
  not('When an update is interrupted', 'test/e2e/day-two.test.ts kills the engine in the middle of updates'),
  not('A Job that was deleted', 'test/e2e/platform.test.ts deletes all of them'),
  not('The start of a bookie', EXPLAINS),
  not('A lost disk', 'it needs bookies with the copies: test/operators/lost-disk.test.ts'),
]

async function ensemble({ cluster, namespace }: Operated): Promise<readonly string[]> {
  const printed = await cluster.zookeeper(namespace, 'config')
  return [...printed.matchAll(/^server\.(\d+)=.*:participant/gm)].map(([, id = '']) => id).sort()
}

/** The ids of the masters that elect. */
async function voters(stack: Operated): Promise<readonly string[]> {
  const state = await stack.search('_cluster/state/metadata?filter_path=**.last_committed_config')
  return state.metadata.cluster_coordination.last_committed_config
}

async function nodes(stack: Operated): Promise<readonly string[]> {
  const { nodes: all } = await stack.search('_nodes/_all/none?filter_path=nodes.*.name')
  return Object.values<{ readonly name: string }>(all)
    .map(({ name }) => name)
    .sort()
}

/** The StatefulSets whose names begin so. */
async function setsOf({ cluster, namespace }: Operated, prefix: string): Promise<readonly string[]> {
  const { items } = await cluster.get(`/apis/apps/v1/namespaces/${namespace}/statefulsets`)
  return items
    .map(({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name)
    .filter((name: string) => name.startsWith(prefix))
    .sort()
}

async function cookies({ cluster, namespace }: Operated): Promise<readonly string[]> {
  const printed = await cluster.zookeeper(namespace, 'ls /ledgers/cookies')
  return [...printed.matchAll(/(bookkeeper-(?:small-)?\d+)\./g)].map(([, name = '']) => name).sort()
}
