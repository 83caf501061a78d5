import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../runtime/config.ts'
import { afterReplicas, beforeReplicas } from '../../runtime/drain/job.ts'
import { type SearchCluster, searchCluster } from '../../runtime/drain/search-cluster.ts'
import { eventually } from '../support/until.ts'
import { drainRun, killedAt, planOf, ScriptedKubernetes } from './scripted-drain.ts'
import { SearchNodes } from './search-nodes.ts'
import { SteadyLoad } from './steady-load.ts'

const SET = 'elasticsearch-data'
const INDEX = 'under-load'
const PRIMARIES = 6
/** Calls of a drain after each of which it is killed once. The third is the exclusion; those after it wait for the shards. */
const EXCLUSION = 3
const KILLED_AT = [1, 2, EXCLUSION, 4, 5, 6]

const planFor = (replicas: number) => planOf({ [SET]: replicas })

describe('three data nodes under load that become two', function () {
  this.timeout(300_000)
  let nodes: SearchNodes
  let client: Client
  let cluster: SearchCluster
  const kubernetes = new ScriptedKubernetes({ [SET]: 3 })
  const claim = 'data-elasticsearch-data-2'
  const run = () => drainRun(120)
  let load: SteadyLoad

  before(async () => {
    nodes = await SearchNodes.start(SET, 3)
    client = nodes.client(0, 1)
    cluster = searchCluster(client, loadConfig({}))
    // Shards move while the Job is killed, and not in between.
    await client.cluster.putSettings({ persistent: { 'indices.recovery.max_bytes_per_sec': '2mb' } })
    kubernetes.claim(SET, 2)
    load = await SteadyLoad.start(client, INDEX, PRIMARIES, 1)
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
    kubernetes.pods[SET] = 2
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
    kubernetes.pods[SET] = 3
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    await eventually(async () => (await shardsOn(2)) > 0)
    await client.cluster.health({ wait_for_status: 'green', wait_for_no_relocating_shards: true, timeout: '60s' })
    await load.verify()
  })
})
