import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { systemClock } from '../../runtime/clock.ts'
import { loadConfig } from '../../runtime/config.ts'
import { afterReplicas, beforeReplicas } from '../../runtime/drain/job.ts'
import type { Claim, Kubernetes } from '../../runtime/drain/kubernetes.ts'
import type { DrainPlan } from '../../runtime/drain/plan.ts'
import type { DrainRun } from '../../runtime/drain/repeat.ts'
import { type SearchCluster, searchCluster } from '../../runtime/drain/search-cluster.ts'
import { eventually } from '../support/until.ts'
import { SearchNodes } from './search-nodes.ts'
import { SteadyLoad } from './steady-load.ts'

const INDEX = 'under-load'
const PRIMARIES = 6
/** Calls of a drain after each of which it is killed once. The third is the exclusion; those after it wait for the shards. */
const EXCLUSION = 3
const KILLED_AT = [1, 2, EXCLUSION, 4, 5, 6]

/** The API server, as much as a drain asks of it. */
class ScriptedKubernetes implements Kubernetes {
  pods = 3
  found = new Map<string, Claim>()
  readonly present = async () => this.pods
  readonly setsWithPods = async () => ['elasticsearch-data']
  readonly claims = async () => [...this.found.values()]
  readonly markDrained = async (name: string) => void this.found.set(name, { name, isDrained: true })
  readonly deleteClaim = async (name: string) => void this.found.delete(name)
  readonly markFounded = async () => undefined
}

function planFor(replicas: number): DrainPlan {
  const set = {
    name: 'elasticsearch-data',
    tier: 'elasticsearch-data',
    replicas,
    claims: ['data'],
    votes: false,
    unchecked: false,
  }
  return { namespace: 'tracardi', volumes: 'keep', selector: 'app=data', gone: [], sets: [set] }
}

/** A process that is killed does not notice: the call is never answered. */
function killedAt(
  cluster: SearchCluster,
  call: number,
): { readonly cluster: SearchCluster; readonly killed: Promise<void> } {
  const killed = Promise.withResolvers<void>()
  let calls = 0
  const answer = async <T>(make: () => Promise<T>): Promise<T> => {
    calls += 1
    if (calls < call) return make()
    // The server may have obeyed before the process ended.
    await make()
    killed.resolve()
    return new Promise<T>(() => undefined)
  }
  return {
    killed: killed.promise,
    cluster: {
      ...cluster,
      state: () => answer(() => cluster.state()),
      excluded: () => answer(() => cluster.excluded()),
      exclude: (nodes) => answer(() => cluster.exclude(nodes)),
      whyStays: (copy) => answer(() => cluster.whyStays(copy)),
    },
  }
}

describe('three data nodes under load that become two', function () {
  this.timeout(300_000)
  let nodes: SearchNodes
  let client: Client
  let cluster: SearchCluster
  const kubernetes = new ScriptedKubernetes()
  const claim = 'data-elasticsearch-data-2'
  const lines: string[] = []
  const run = (): DrainRun => ({
    clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(100, signal) },
    signal: new AbortController().signal,
    endMs: systemClock.nowMs() + 120_000,
    say: (line) => lines.push(line),
  })
  let load: SteadyLoad

  before(async () => {
    nodes = await SearchNodes.start('elasticsearch-data', 3)
    client = nodes.client(0, 1)
    cluster = searchCluster(client, loadConfig({}))
    await client.indices.create({
      index: INDEX,
      wait_for_active_shards: 'all',
      settings: {
        number_of_shards: PRIMARIES,
        number_of_replicas: 1,
        index: { unassigned: { node_left: { delayed_timeout: '0' } } },
      },
    })
    // Shards move while the Job is killed, and not in between.
    await client.cluster.putSettings({ persistent: { 'indices.recovery.max_bytes_per_sec': '2mb' } })
    kubernetes.found.set(claim, { name: claim, isDrained: false })
    load = new SteadyLoad(client, INDEX)
  })
  after(async () => {
    await load.stop()
    await client.close()
    await nodes.stop()
  })

  const shardsOn = async (ordinal: number) => {
    const rows = await client.cat.shards({ index: INDEX, format: 'json', h: ['node'] })
    return rows.filter(({ node }) => node?.split(' ')[0] === nodes.nameOf(ordinal)).length
  }

  it('keep every node while a copy would have none of its own', async () => {
    const told = await beforeReplicas({ kubernetes, search: cluster }, planFor(1), { ...run(), endMs: 0 })
    assert.equal(
      told,
      'elasticsearch-data-1, elasticsearch-data-2: under-load has 2 copies of each shard and 1 node would stay: keep more nodes, or lower its number_of_replicas',
    )
    assert.deepEqual(await cluster.excluded(), [])
  })

  it('give the shards of the last one to the others, however often the Job and the node are killed', async () => {
    for (const call of KILLED_AT) {
      const job = killedAt(cluster, call)
      const done = beforeReplicas({ kubernetes, search: job.cluster }, planFor(2), run())
      await Promise.race([job.killed, done])
      if (call === EXCLUSION) {
        await nodes.kill(2)
        await nodes.startNode(2)
      }
    }
    assert.equal(await beforeReplicas({ kubernetes, search: cluster }, planFor(2), run()), undefined)
    assert.equal(await shardsOn(2), 0)
    assert.deepEqual(await cluster.excluded(), ['elasticsearch-data-2'])
    assert.equal(kubernetes.found.get(claim)?.isDrained, false)
  })

  it('forget the node that is gone, and mark its volume', async () => {
    await nodes.stopNode(2)
    kubernetes.pods = 2
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(2), run()), undefined)
    assert.deepEqual(await cluster.excluded(), [])
    assert.equal(kubernetes.found.get(claim)?.isDrained, true)
    assert.equal((await client.cluster.health({ wait_for_status: 'green', timeout: '60s' })).status, 'green')
  })

  it('have each event once', async () => {
    await load.stop()
    assert.ok(load.stored.length > 1000, `${load.stored.length}`)
    await load.verify()
  })

  it('are three again, with the old disk too: its copies count for nothing', async () => {
    assert.equal(await beforeReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    assert.equal(kubernetes.found.has(claim), false)
    await client.cluster.putSettings({ persistent: { 'indices.recovery.max_bytes_per_sec': null } })
    await nodes.startNode(2)
    kubernetes.pods = 3
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    await eventually(async () => (await shardsOn(2)) > 0)
    await client.cluster.health({ wait_for_status: 'green', wait_for_no_relocating_shards: true, timeout: '60s' })
    await load.verify()
  })
})
