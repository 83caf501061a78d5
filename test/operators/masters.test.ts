import assert from 'node:assert/strict'
import { Client } from '@elastic/elasticsearch'
import { loadConfig } from '../../runtime/config.ts'
import { afterReplicas, beforeReplicas } from '../../runtime/drain/job.ts'
import { type SearchCluster, searchCluster } from '../../runtime/drain/search-cluster.ts'
import { takeVotes } from '../../runtime/drain/votes.ts'
import { servers } from '../contract/servers.ts'
import { eventually } from '../support/until.ts'
import { drainRun, killedAt, planOf, ScriptedKubernetes } from './scripted-drain.ts'
import { SearchNodes } from './search-nodes.ts'
import { SteadyLoad } from './steady-load.ts'

const SET = 'elasticsearch-master'
const INDEX = 'under-load'
/** After each of these calls of the Job it is killed once, with the server's answer lost. */
const KILLED_AT = Array.from({ length: 9 }, (_, at) => at + 1)

const planFor = (replicas: number) => planOf({ [SET]: replicas }, true)

/** One node that is master and holds data becomes three, and one again, under load. */
describe('one master that becomes three, and one again', function () {
  this.timeout(480_000)
  let nodes: SearchNodes
  let client: Client
  let cluster: SearchCluster
  let uuid: string | undefined
  let load: SteadyLoad
  const kubernetes = new ScriptedKubernetes({ [SET]: 1 }, () => nodes.markFounded())
  const run = () => drainRun(120, (line) => process.stdout.write(`      ${line}\n`))

  before(async () => {
    nodes = await SearchNodes.start(SET, 1, 3)
    client = nodes.client(0, 1, 2)
    cluster = searchCluster(client, loadConfig({}))
    load = await SteadyLoad.start(client, INDEX, 4, 0)
  })
  after(async () => {
    await load.stop()
    await client.close()
    await nodes.stop()
  })

  /** Of a shard that moves both: `from -> address id to`. */
  async function nodesWithShards(): Promise<readonly string[]> {
    const rows = await client.cat.shards({ index: INDEX, format: 'json', h: ['node'] })
    return [...new Set(rows.flatMap(({ node }) => (node ?? '').split(' ')))]
  }

  const voting = async () => [...(await cluster.votes()).voting].sort()
  const namesOf = (...ordinals: readonly number[]) => ordinals.map((ordinal) => nodes.nameOf(ordinal))

  it('is open to others, as a node with the settings of an older release is not', async () => {
    assert.deepEqual(await cluster.closed(), [])
    const { url, username, password } = servers().elasticsearch
    const old = new Client({ node: url, auth: { username, password } })
    assert.deepEqual(await searchCluster(old, loadConfig({})).closed(), ['local'])
    await old.close()
  })

  it('marks the cluster as founded before the others come, who join it', async () => {
    uuid = await cluster.founded()
    assert.equal(await beforeReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    await Promise.all([nodes.startNode(1), nodes.startNode(2)])
    kubernetes.pods[SET] = 3
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    await eventually(async () => (await voting()).length === 3)
    assert.deepEqual(await voting(), namesOf(0, 1, 2))
    await client.cluster.health({ wait_for_no_relocating_shards: true, timeout: '60s' })
    process.stdout.write(`      voting: ${await voting()}\n`)
  })

  it('has a master that lost its disk join, and not found another cluster', async () => {
    // There are no other copies, and this is about votes.
    const keepOff = (node: string | null) =>
      client.indices.putSettings({ index: INDEX, settings: { 'index.routing.allocation.exclude._name': node } })
    await keepOff(nodes.nameOf(1))
    await eventually(async () => !(await nodesWithShards()).includes(nodes.nameOf(1)))
    await nodes.stopNode(1)
    nodes.loseDisk(1)
    await client.cluster.health({ wait_for_nodes: '2', timeout: '60s' })
    await nodes.startNode(1)
    await client.cluster.health({ wait_for_nodes: '3', timeout: '60s' })
    const own = nodes.client(1)
    assert.equal(await searchCluster(own, loadConfig({})).founded(), uuid)
    await own.close()
    await keepOff(null)
  })

  it('keeps all votes while only two of three are up', async () => {
    await eventually(async () => (await voting()).join() === namesOf(0, 1, 2).join())
    await nodes.kill(2)
    await client.cluster.health({ wait_for_nodes: '2', timeout: '60s' })
    // Its shards are red, and the Job would wait for these first: this asks for the votes only.
    const left = await takeVotes(cluster, planFor(1).sets, namesOf(1, 2), { ...run(), endMs: 0 })
    const [one, two] = namesOf(1, 2)
    assert.equal(left, `${one}, ${two}: no vote is taken while these are not in the cluster: ${two}`)
    assert.deepEqual((await cluster.votes()).excluded, [])
    await nodes.startNode(2)
    await client.cluster.health({ wait_for_nodes: '3', timeout: '60s' })
  })

  it('gives up the votes and shards of two, one of them elected, however often the Job and a master are killed', async () => {
    await nodes.stopNode(0)
    await nodes.startNode(0)
    await client.cluster.health({ wait_for_nodes: '3', timeout: '60s' })
    assert.notEqual((await cluster.votes()).elected, nodes.nameOf(0))
    for (const call of KILLED_AT) {
      const job = killedAt(cluster, call)
      await Promise.race([job.killed, beforeReplicas({ kubernetes, search: job.cluster }, planFor(1), run())])
      if (call % 4 === 0) {
        await nodes.kill(2)
        await nodes.startNode(2)
      }
    }
    assert.equal(await beforeReplicas({ kubernetes, search: cluster }, planFor(1), run()), undefined)
    assert.deepEqual(await voting(), namesOf(0))
    assert.equal((await cluster.votes()).elected, nodes.nameOf(0))
    const { excluded } = await cluster.votes()
    process.stdout.write(`      voting: ${await voting()}; excluded: ${excluded}\n`)
    assert.deepEqual(await nodesWithShards(), namesOf(0))
  })

  it('elects and stores when both are killed together', async () => {
    const before = load.stored.length
    await Promise.all([nodes.kill(1), nodes.kill(2)])
    kubernetes.pods[SET] = 1
    kubernetes.claim(SET, 1, 2)
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(1), run()), undefined)
    const { masters, excluded } = await cluster.votes()
    assert.deepEqual([masters, excluded, await cluster.excluded()], [namesOf(0), [], []])
    assert.deepEqual(
      [...kubernetes.found.values()].map(({ isDrained }) => isDrained),
      [true, true],
    )
    await eventually(async () => load.stored.length > before)
  })

  it('grows again, and has each event once', async () => {
    assert.equal(await beforeReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    assert.equal(kubernetes.found.size, 0)
    for (const ordinal of [1, 2]) nodes.loseDisk(ordinal)
    await Promise.all([nodes.startNode(1), nodes.startNode(2)])
    kubernetes.pods[SET] = 3
    assert.equal(await afterReplicas({ kubernetes, search: cluster }, planFor(3), run()), undefined)
    await eventually(async () => (await voting()).length === 3)
    await load.stop()
    await client.cluster.health({ wait_for_status: 'green', timeout: '60s' })
    assert.ok(load.stored.length > 1000, `${load.stored.length}`)
    await load.verify()
    const uuids = await Promise.all(
      [0, 1, 2].map(async (ordinal) => {
        const own = nodes.client(ordinal)
        const id = await searchCluster(own, loadConfig({})).founded()
        await own.close()
        return id
      }),
    )
    assert.deepEqual(uuids, [uuid, uuid, uuid])
    process.stdout.write(`      ${load.stored.length} stored: 0 lost, 0 twice, one cluster\n`)
  })
})
