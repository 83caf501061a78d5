import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from '../support/cluster.ts'
import { DeployedStack } from '../support/deployed.ts'
import { eventually } from '../support/until.ts'

/**
 * The `production` stack on nodes in three zones. They may be simulated, with kwok: what is asked is where pods go, and what
 * a drain may take. `E2E_STORAGE_CLASS` names a StorageClass with enough volumes; the nodes carry zones `a`, `b` and `c`.
 */
const NAMESPACE = 'tracardi-zones'
const ZONES = ['a', 'b', 'c']

interface Pod {
  readonly name: string
  readonly tier: string
  readonly node: string
  readonly zone: string
}

describe('the production stack in three zones', () => {
  const cluster = new Cluster()
  let stack: DeployedStack
  let pods: readonly Pod[]

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracardi-zones-'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'production', folder)
    const storageClass = process.env['E2E_STORAGE_CLASS'] ?? ''
    stack.configure({ platform: { namespace: NAMESPACE, zones: ZONES, storageClass } })
  })
  after(async () => {
    await stack.unprotect()
    await stack.destroy()
    await stack.remove()
    // Production keeps its namespace and volumes whatever is destroyed.
    await cluster.request('DELETE', `/api/v1/namespaces/${NAMESPACE}`)
  })

  async function running(): Promise<readonly Pod[]> {
    const nodes = new Map<string, string>()
    for (const { metadata } of (await cluster.get('/api/v1/nodes')).items)
      nodes.set(metadata.name, metadata.labels['topology.kubernetes.io/zone'])
    const { items } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods`)
    return items
      .map(
        ({
          metadata,
          spec,
        }: {
          metadata: { name: string; labels: Record<string, string> }
          spec: { nodeName: string }
        }) => ({
          name: metadata.name,
          tier: metadata.labels['app.kubernetes.io/name'],
          node: spec.nodeName,
          zone: nodes.get(spec.nodeName),
        }),
      )
      .filter(({ tier }: Pod) => tier !== 'set-up')
  }

  const inZones = (tier: string) =>
    ZONES.map((zone) => pods.filter((pod) => pod.tier === tier && pod.zone === zone).length)

  it('comes up with every pod scheduled', async () => {
    await stack.up()
    pods = await running()
    for (const { name, node } of pods) assert.ok(node, `${name} has no node`)
  })

  it('has its tiers spread over the zones, as evenly as their counts allow', () => {
    assert.deepEqual(inZones('zookeeper'), [1, 1, 1])
    assert.deepEqual(inZones('bookkeeper'), [2, 2, 2])
    assert.deepEqual(inZones('elasticsearch-master'), [1, 1, 1])
    assert.deepEqual(inZones('elasticsearch-data'), [2, 2, 2])
    assert.deepEqual([...inZones('api')].sort(), [3, 3, 4])
    assert.deepEqual([...inZones('broker')].sort(), [0, 1, 1])
    assert.deepEqual([...inZones('worker')].sort(), [0, 1, 1])
  })

  it('has no two pods that hold the same kind of data on one machine', () => {
    for (const tier of ['zookeeper', 'bookkeeper', 'elasticsearch-data', 'elasticsearch-master']) {
      const nodes = pods.filter((pod) => pod.tier === tier).map(({ node }) => node)
      assert.equal(new Set(nodes).size, nodes.length, tier)
    }
  })

  it('puts each bookie in the zone that its rack says', () => {
    for (const { name, tier, zone } of pods)
      if (tier === 'bookkeeper') assert.equal(name.replace(/^bookkeeper-([a-c])-\d$/, '$1'), zone, name)
  })

  /** The answer to the eviction that a drain asks for. */
  const evict = async (pod: string): Promise<number> => {
    const { status } = await cluster.request('POST', `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod, namespace: NAMESPACE },
    })
    return status
  }

  for (const [first, second] of [
    ['bookkeeper-a-0', 'bookkeeper-b-0'],
    ['zookeeper-0', 'zookeeper-1'],
    ['elasticsearch-data-a-0', 'elasticsearch-data-c-0'],
  ] as const) {
    it(`lets a drain take ${first}, and ${second} only when that is back`, async () => {
      // Nothing new can run for a while, as when machines are replaced.
      const nodes = await zonedNodes()
      // A pod that is not ready may be evicted at any time: it serves nobody.
      const { tier } = pods.find(({ name }) => name === first) as Pod
      const budget = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets/${tier}`
      await eventually(async () => (await cluster.get(budget)).status.disruptionsAllowed === 1)
      const cordon = (unschedulable: boolean) =>
        Promise.all(
          nodes.map((node) =>
            cluster.request(
              'PATCH',
              `/api/v1/nodes/${node}`,
              { spec: { unschedulable } },
              'application/merge-patch+json',
            ),
          ),
        )
      await cordon(true)
      assert.equal(await evict(first), 201)
      await eventually(async () => (await running()).some(({ name, node }) => name === first && node === undefined))
      assert.equal(await evict(second), 429)
      await cordon(false)
      await eventually(async () => (await evict(second)) === 201)
    })
  }

  async function zonedNodes(): Promise<readonly string[]> {
    const selector = encodeURIComponent(`topology.kubernetes.io/zone in (${ZONES.join(',')})`)
    const { items } = await cluster.get(`/api/v1/nodes?labelSelector=${selector}`)
    return items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
  }

  it('is not destroyed while it is protected', async () => {
    await assert.rejects(stack.destroy(), /protect/)
  })
})
