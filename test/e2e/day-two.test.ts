import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeployedStack } from '../support/deployed.ts'
import { KubectlProxy } from '../support/kubectl-proxy.ts'
import { Load } from '../support/load.ts'
import { LITTLE_CPU, OnCluster } from '../support/on-cluster.ts'
import { eventually } from '../support/until.ts'
import { Watch } from './watch.ts'

/**
 * What operators do to a stack that holds data, by `up` alone, with the real engine on a real cluster and under load: servers that restart,
 * a gate that refuses, and a bookie fewer. The engine is killed in the middle of each.
 */
const NAMESPACE = 'tracardi-day-two'
const IMAGES = JSON.parse(process.env['E2E_IMAGES'] ?? '{}') as Record<string, string>
const LOAD = { eventsPerSecond: 10, eventsPerCall: 2 }
const SEARCH = ['elasticsearch-master-0', 'elasticsearch-master-1', 'elasticsearch-master-2'] as const
const LEAVING_NODE = 'elasticsearch-data-1'
/** How many `up` may be needed for what is limited in time. */
const MAX_UPS = 5

describe('a stack with three nodes of Elasticsearch and four bookies, under load', () => {
  const running = new OnCluster(NAMESPACE)
  const { cluster } = running
  let stack: DeployedStack
  let proxy: KubectlProxy
  let load: Load
  let search: string

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tracardi-day-two-'))
    stack = await DeployedStack.create(`e2e-${randomUUID().slice(0, 8)}`, 'dev', folder)
    stack.configure({
      ...LITTLE_CPU,
      platform: { ...LITTLE_CPU.platform, namespace: NAMESPACE },
      images: IMAGES,
      bookkeeper: { ...LITTLE_CPU.bookkeeper, replicas: 4, ensemble: 3, writeQuorum: 2, ackQuorum: 2 },
      elasticsearch: { ...LITTLE_CPU.elasticsearch, masterNodes: 3 },
      runtime: { ELASTIC_INDEX_REPLICAS: 1 },
    })
    await stack.up()
    proxy = await KubectlProxy.start()
    search = proxy.urlOf(NAMESPACE, 'elasticsearch', 9200)
    load = new Load(proxy.urlOf(NAMESPACE, 'api', 8585), LOAD)
  })
  after(async () => {
    await load?.stop()
    proxy?.stop()
    await stack.destroy()
    await stack.remove()
  })

  const podsOf = async (tier: string): Promise<readonly { readonly name: string; readonly uid: string }[]> => {
    const { items } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods`)
    return items
      .map(({ metadata }: { metadata: { name: string; uid: string } }) => ({ name: metadata.name, uid: metadata.uid }))
      .filter(({ name }: { name: string }) => new RegExp(`^${tier}-\\d+$`).test(name))
  }
  const restartsOf = async (name: string): Promise<number> => {
    const { status } = await cluster.get(`/api/v1/namespaces/${NAMESPACE}/pods/${name}`)
    return status.containerStatuses[0].restartCount
  }
  const uidOf = async (name: string) => (await podsOf(name.replace(/-\d+$/, ''))).find((pod) => pod.name === name)?.uid

  /** An `up` of which every process is killed when something has happened. Its lock is removed. */
  async function upKilledWhen(happened: () => Promise<boolean>): Promise<void> {
    const engine = spawn('pulumi', ['up', '--yes', '--skip-preview', '--stack', stack.name], {
      env: { ...process.env, ...stack.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const printed = text(engine.stdout)
    const ended = once(engine, 'exit')
    await eventually(async () => engine.exitCode !== null || (await happened()))
    assert.equal(engine.exitCode, null, engine.exitCode === null ? '' : await printed)
    process.kill(-(engine.pid as number), 'SIGKILL')
    await ended
    await stack.cancel()
  }

  async function cookies(): Promise<readonly string[]> {
    const printed = await cluster.zookeeper(NAMESPACE, 'ls /ledgers/cookies')
    const names = /^\[(bookkeeper-.*)\]$/m.exec(printed)?.[1] ?? ''
    return names
      .split(', ')
      .map((name) => name.split('.')[0] as string)
      .sort()
  }

  it('restarts one server after the other, the elected master last, though the engine is killed twice', async () => {
    const [bookie, node] = [await uidOf('bookkeeper-3'), await uidOf(SEARCH[2])]
    const watch = Watch.start(cluster, NAMESPACE, search)
    stack.configure({ bookkeeper: { cpuMillicores: 60 }, elasticsearch: { cpuMillicores: 110 } })
    await upKilledWhen(async () => ![undefined, bookie].includes(await uidOf('bookkeeper-3')))
    await upKilledWhen(async () => (await watch.restarts('elasticsearch-master')).length > 0)
    await stack.up()
    const seen = await watch.stop()
    assert.notEqual(await uidOf(SEARCH[2]), node)
    assert.deepEqual(
      { red: seen.red, relocating: seen.relocating, searchAway: seen.away['elasticsearch-master'] },
      { red: 0, relocating: 0, searchAway: 1 },
    )
    assert.equal(seen.away['bookkeeper'], 1)
    const restarts = await watch.restarts('elasticsearch-master')
    assert.deepEqual(
      restarts.map(({ wasElected }) => wasElected),
      [false, false, true],
    )
    assert.deepEqual(restarts.map(({ pod }) => pod).sort(), SEARCH)
    assert.equal((await watch.restarts('bookkeeper')).length, 4)
  })

  it('is drained by `kubectl drain` one server at a time', async () => {
    const tiers = ['bookkeeper', 'elasticsearch-master']
    const before = (await Promise.all(tiers.map(podsOf))).flat().map(({ uid }) => uid)
    const watch = Watch.start(cluster, NAMESPACE, search)
    const { items } = await cluster.get('/api/v1/nodes')
    const node = `/api/v1/nodes/${items[0].metadata.name}`
    const selector = `--pod-selector=app.kubernetes.io/name in (${tiers.join()})`
    const options = ['--delete-emptydir-data', '--ignore-daemonsets', selector]
    const drain = spawn('kubectl', ['drain', items[0].metadata.name, ...options], { stdio: 'ignore' })
    // What is evicted comes back to the only machine, which takes pods again meanwhile.
    const free = { spec: { unschedulable: false } }
    await eventually(async () => {
      await cluster.request('PATCH', node, free, 'application/merge-patch+json')
      await sleep(1000)
      return drain.exitCode !== null
    })
    assert.equal(drain.exitCode, 0)
    await eventually(async () => (await podsOf('elasticsearch-master')).length === SEARCH.length)
    const seen = await watch.stop()
    assert.deepEqual({ red: seen.red, away: seen.away }, { red: 0, away: { bookkeeper: 1, 'elasticsearch-master': 1 } })
    const left = (await Promise.all(tiers.map(podsOf))).flat().filter(({ uid }) => before.includes(uid))
    assert.deepEqual(left, [])
  })

  it('stops before a pod that has an only copy, with its name, and continues when it is gone', async () => {
    const settings = { settings: { number_of_shards: 3, number_of_replicas: 0 } }
    assert.equal((await call('PUT', `${search}/tracardi-one-copy`, settings)).status, 200)
    const before = await podsOf('elasticsearch-master')
    stack.configure({ elasticsearch: { cpuMillicores: 120 } })
    await assert.rejects(stack.up(), /only_copy.*tracardi-one-copy|tracardi-one-copy.*only_copy/s)
    assert.deepEqual(await podsOf('elasticsearch-master'), before)
    assert.equal((await call('DELETE', `${search}/tracardi-one-copy`)).status, 200)
    await stack.up()
    assert.equal(
      (await podsOf('elasticsearch-master')).filter(({ uid }) => before.some((old) => old.uid === uid)).length,
      0,
    )
  })

  it('becomes three bookies, though the engine and the leaving bookie are killed, and keeps no cookie', async () => {
    stack.configure({ bookkeeper: { replicas: 3 } })
    const restarts = await restartsOf('bookkeeper-3')
    await upKilledWhen(async () => await isActive('bookkeeper-drain-before'))
    // It restarts within its pod, and accepts no more entries.
    await upKilledWhen(async () => (await restartsOf('bookkeeper-3')) > restarts)
    await cluster.request('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/bookkeeper-3?gracePeriodSeconds=0`)
    await untilUp()
    assert.deepEqual((await podsOf('bookkeeper')).map(({ name }) => name).sort(), [
      'bookkeeper-0',
      'bookkeeper-1',
      'bookkeeper-2',
    ])
    assert.deepEqual(await cookies(), ['bookkeeper-0', 'bookkeeper-1', 'bookkeeper-2'])
  })

  it('becomes four again, on the volumes of before', async () => {
    stack.configure({ bookkeeper: { replicas: 4 } })
    await untilUp()
    assert.equal((await cookies()).at(-1), 'bookkeeper-3')
  })

  it('gives a data node away, though the engine and the leaving node are killed, and keeps the others', async () => {
    stack.configure({ elasticsearch: { dataNodes: 2 } })
    await untilUp()
    stack.configure({ elasticsearch: { dataNodes: 1 } })
    await upKilledWhen(async () => await isActive('elasticsearch-drain-before'))
    await upKilledWhen(async () => (await excluded()).includes(LEAVING_NODE))
    await cluster.request('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/${LEAVING_NODE}?gracePeriodSeconds=0`)
    await untilUp()
    assert.deepEqual(
      (await podsOf('elasticsearch-data')).map(({ name }) => name),
      ['elasticsearch-data-0'],
    )
    assert.equal(await excluded(), '')
    const answer = await call('GET', `${search}/_cluster/health?wait_for_status=green&timeout=60s`)
    const health = (await answer.json()) as { readonly status: string; readonly number_of_nodes: number }
    assert.deepEqual([health.status, health.number_of_nodes], ['green', SEARCH.length + 1])
  })

  it('has stored each event of a call with 200 once', async () => {
    await load.stop()
    assert.ok(load.accepted.size > 1000)
    await running.verify(load)
  })

  const call = (method: string, url: string, body?: unknown) =>
    fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  async function isActive(job: string): Promise<boolean> {
    const { items } = await cluster.get(`/apis/batch/v1/namespaces/${NAMESPACE}/jobs`)
    return items.some(
      ({ metadata, status }: { metadata: { name: string }; status: { active?: number } }) =>
        metadata.name.startsWith(`${job}-`) && (status.active ?? 0) > 0,
    )
  }

  /** The nodes to which no shard may go. */
  async function excluded(): Promise<string> {
    const answer = await call('GET', `${search}/_cluster/settings?flat_settings=true`)
    const { persistent } = (await answer.json()) as { readonly persistent: Readonly<Record<string, string>> }
    return persistent['cluster.routing.allocation.exclude._name'] ?? ''
  }

  /** What is limited in time says so, and continues in the next `up`. */
  async function untilUp(): Promise<void> {
    for (let ups = 1; ; ups += 1) {
      try {
        await stack.up()
        return
      } catch (error) {
        if (ups === MAX_UPS || !/NOT DONE/.test(String(error))) throw error
      }
    }
  }
})
