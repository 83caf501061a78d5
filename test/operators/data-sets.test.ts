import assert from 'node:assert/strict'
import type { Client } from '@elastic/elasticsearch'
import { systemClock } from '../../runtime/clock.ts'
import { loadConfig } from '../../runtime/config.ts'
import { afterReplicas, beforeReplicas } from '../../runtime/drain/job.ts'
import type { DrainPlan } from '../../runtime/drain/plan.ts'
import { searchCluster } from '../../runtime/drain/search-cluster.ts'
import { drainRun, planOf, ScriptedKubernetes } from './scripted-drain.ts'
import { SearchNodes } from './search-nodes.ts'
import { SteadyLoad } from './steady-load.ts'

const INDEX = 'under-load'
const PRIMARIES = 4
const [FIRST, SMALL] = ['elasticsearch-data', 'elasticsearch-data-small'] as const
/** Ordinals of the nodes of this test. */
const [MASTER, OLD, OTHER_OLD, NEW, OTHER_NEW] = [0, 1, 2, 3, 4] as const
const NAMES = ['elasticsearch-master-0', `${FIRST}-0`, `${FIRST}-1`, `${SMALL}-0`, `${SMALL}-1`]
const DATA = 'data,ingest'

const BESIDE = planOf({ [SMALL]: 2, [FIRST]: 2 })
const DRAINED = planOf({ [SMALL]: 2, [FIRST]: 0 })
const MOVED = planOf({ [SMALL]: 2 })

describe('a set of data nodes under load that another one replaces', function () {
  this.timeout(300_000)
  let nodes: SearchNodes
  let client: Client
  let load: SteadyLoad
  let job: (step: typeof beforeReplicas, plan: DrainPlan, seconds?: number) => Promise<string | undefined>
  const kubernetes = new ScriptedKubernetes({ [FIRST]: 2 })
  const healths = new Set<string>()
  let watching: Promise<void>
  let isWatching = true

  before(async () => {
    nodes = await SearchNodes.start(FIRST, 3, 5, ['master', DATA, DATA, DATA, DATA], NAMES)
    client = nodes.client(MASTER)
    const search = searchCluster(client, loadConfig({}))
    job = (step, plan, seconds = 120) => step({ kubernetes, search }, plan, drainRun(seconds))
    kubernetes.claim(FIRST, 0, 1)
    load = await SteadyLoad.start(client, INDEX, PRIMARIES, 1)
    watching = watch()
  })
  after(async () => {
    isWatching = false
    await watching
    await load.stop()
    await client.close()
    await nodes.stop()
  })

  async function watch(): Promise<void> {
    while (isWatching) {
      healths.add((await client.cluster.health({ index: INDEX })).status)
      await systemClock.sleep(50, new AbortController().signal)
    }
  }

  async function nodesWithShards(): Promise<readonly string[]> {
    const rows = await client.cat.shards({ index: INDEX, format: 'json', h: ['node'] })
    return [...new Set(rows.map(({ node }) => node?.split(' ')[0] ?? 'nowhere'))].sort()
  }

  it('is not drained before the other one runs, however it is asked', async () => {
    const left = (await job(beforeReplicas, DRAINED, 0)) ?? ''
    assert.ok(
      left.startsWith(`${FIRST}-0, ${FIRST}-1: ${INDEX} has 2 copies of each shard and 0 nodes would stay: `),
      left,
    )
    assert.match(left, /; the leaving nodes hold .* and the others have room for 0 B/)
    assert.deepEqual(await nodesWithShards(), [`${FIRST}-0`, `${FIRST}-1`])
  })

  it('joins it', async () => {
    assert.equal(await job(beforeReplicas, BESIDE), undefined)
    await nodes.startNode(NEW)
    await nodes.startNode(OTHER_NEW)
    kubernetes.pods[SMALL] = 2
    assert.equal(await job(afterReplicas, BESIDE), undefined)
  })

  it('does not leave the stack while it has pods, whatever the last update wrote down', async () => {
    assert.equal(
      await job(beforeReplicas, MOVED),
      `the stack no longer has ${FIRST}, and there are pods of it: state the set again, with 0 servers, until it is empty`,
    )
  })

  it('gives every shard to the other one, also when the Job and one of its nodes are killed', async () => {
    await client.cluster.putSettings({ persistent: { 'indices.recovery.max_bytes_per_sec': '2mb' } })
    assert.match((await job(beforeReplicas, DRAINED, 0)) ?? '', /shards? with .* left/)
    await nodes.kill(OLD)
    await nodes.startNode(OLD)
    await client.cluster.putSettings({ persistent: { 'indices.recovery.max_bytes_per_sec': null } })
    assert.equal(await job(beforeReplicas, DRAINED), undefined)
    assert.deepEqual(await nodesWithShards(), [`${SMALL}-0`, `${SMALL}-1`])
  })

  it('goes, its volumes are marked, and the stack no longer needs it', async () => {
    await nodes.stopNode(OLD)
    await nodes.stopNode(OTHER_OLD)
    kubernetes.pods[FIRST] = 0
    assert.equal(await job(afterReplicas, DRAINED), undefined)
    assert.deepEqual(
      [...kubernetes.found.values()].map(({ isDrained }) => isDrained),
      [true, true],
    )
    assert.equal(await job(beforeReplicas, MOVED), undefined)
    assert.deepEqual(await searchCluster(client, loadConfig({})).excluded(), [])
  })

  it('loses nothing and stores nothing twice, and was never red', async () => {
    await load.stop()
    assert.ok(load.stored.length > 1000, `${load.stored.length}`)
    await load.verify()
    assert.equal((await client.cluster.health({ wait_for_status: 'green', timeout: '60s' })).status, 'green')
    assert.ok(!healths.has('red'), [...healths].join())
  })
})
