import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { systemClock } from '../../runtime/clock.ts'
import { loadConfig } from '../../runtime/config.ts'
import { serverUser } from '../../runtime/local/child.ts'
import { type ElasticsearchServer, startElasticsearch } from '../../runtime/local/elasticsearch.ts'
import { freePort } from '../../runtime/local/ports.ts'
import { searchServers } from '../../runtime/rollout/elasticsearch.ts'
import type { Kubernetes, LeaseState } from '../../runtime/rollout/kubernetes.ts'
import { Lock } from '../../runtime/rollout/lock.ts'
import type { PodState, RolloutState } from '../../runtime/rollout/next-step.ts'
import { rollOut } from '../../runtime/rollout/roll-out.ts'
import { searchClient } from '../../runtime/search/client.ts'
import { servers } from '../contract/servers.ts'

const PODS = ['node-0', 'node-1', 'node-2'] as const
type Name = (typeof PODS)[number]

/** A pod is a process: to evict it stops the process, and the controller starts it again on the same folder. */
class Nodes implements Kubernetes {
  readonly urls: string[] = []
  readonly evicted: string[] = []
  revision = 'first'
  #start: (name: Name) => Promise<ElasticsearchServer>
  #running = new Map<string, ElasticsearchServer>()
  #pods = new Map<string, PodState>()
  #restarts: Promise<void>[] = []
  #lease: LeaseState = { holder: '', renewed: '', version: '0' }

  private constructor(start: (name: Name) => Promise<ElasticsearchServer>) {
    this.#start = start
  }

  static async start(): Promise<Nodes> {
    const { java, distributions, folder } = servers()
    const transports = await Promise.all(PODS.map(() => freePort()))
    const https = await Promise.all(PODS.map(() => freePort()))
    for (const name of PODS) mkdirSync(join(folder, `roll-${name}`))
    const nodes = new Nodes((name) =>
      startElasticsearch({
        ...{ java, runAs: serverUser(), heap: '512m', distribution: distributions.elasticsearch },
        folder: join(folder, `roll-${name}`),
        httpPort: https[PODS.indexOf(name)] as number,
        transportPort: transports[PODS.indexOf(name)] as number,
        settings: {
          'cluster.name': 'roll-out',
          'node.name': name,
          'discovery.type': 'multi-node',
          'discovery.seed_hosts': transports.map((port) => `127.0.0.1:${port}`).join(','),
          'cluster.initial_master_nodes': PODS.join(','),
        },
      }),
    )
    nodes.urls.push(...https.map((port) => `http://127.0.0.1:${port}`))
    await Promise.all(PODS.map((name) => nodes.#run(name)))
    return nodes
  }

  async #run(name: Name): Promise<void> {
    const pod = { name, set: 'node', ordinal: PODS.indexOf(name), revision: this.revision }
    this.#pods.set(name, { ...pod, uid: `${name} ${this.revision}`, isReady: false, isGoing: false })
    this.#running.set(name, await this.#start(name))
    this.#pods.set(name, { ...pod, uid: `${name} ${this.revision}`, isReady: true, isGoing: false })
  }

  async state(): Promise<RolloutState> {
    const set = { name: 'node', replicas: 3, isObserved: true, revision: this.revision }
    return { sets: [set], pods: [...this.#pods.values()] }
  }

  async evict({ name }: Pick<PodState, 'name' | 'uid'>): Promise<boolean> {
    this.evicted.push(name)
    this.#pods.set(name, { ...(this.#pods.get(name) as PodState), isReady: false, isGoing: true })
    const restart = async () => {
      await this.#running.get(name)?.stop()
      await this.#run(name as Name)
    }
    this.#restarts.push(restart())
    return true
  }

  async lease() {
    return this.#lease
  }

  async writeLease(_name: string, { holder, renewed, version }: LeaseState): Promise<boolean> {
    if (version !== this.#lease.version) return false
    this.#lease = { holder, renewed, version: `${Number(version) + 1}` }
    return true
  }

  async close(): Promise<void> {
    await Promise.all(this.#restarts)
    await Promise.all([...this.#running.values()].map((server) => server.stop()))
  }
}

/** What the cluster went through, looked at every 100 ms, and a load that stores documents all the time. */
class Watch {
  readonly away = new Set<number>()
  red = 0
  relocating = 0
  looks = 0
  stored = 0
  #ends = false
  readonly #done: Promise<unknown>

  constructor(client: Client, index: string) {
    this.#done = Promise.all([this.#look(client), this.#load(client, index)])
  }

  async #look(client: Client): Promise<void> {
    while (!this.#ends) {
      const health = await client.cluster.health({}, { requestTimeout: 2000 }).catch(() => undefined)
      if (health !== undefined) {
        this.looks += 1
        this.away.add(3 - health.number_of_nodes)
        if (health.status === 'red') this.red += 1
        this.relocating = Math.max(this.relocating, health.relocating_shards)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #load(client: Client, index: string): Promise<void> {
    while (!this.#ends) {
      const operations = Array.from({ length: 20 }, () => [{ create: {} }, { text: 'x'.repeat(200) }]).flat()
      const bulk = await client.bulk({ index, operations }).catch(() => undefined)
      this.stored += bulk?.items.filter(({ create }) => create?.status === 201).length ?? 0
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async end(): Promise<void> {
    this.#ends = true
    await this.#done
  }
}

describe('a rollout of three real nodes of Elasticsearch', function () {
  this.timeout(600_000)
  let nodes: Nodes
  let client: Client

  before(async () => {
    nodes = await Nodes.start()
    client = new Client({ nodes: nodes.urls })
    await client.indices.create({
      index: 'roll-event',
      wait_for_active_shards: 'all',
      settings: { number_of_shards: 3, number_of_replicas: 1 },
    })
  })
  after(async () => {
    await client.close()
    await nodes.close()
  })

  const say: string[] = []
  async function roll(holder: string, signal = new AbortController().signal, waitMs = 300_000) {
    const config = loadConfig({ ELASTIC_HOST: nodes.urls.join(','), ELASTIC_INDEX_PREFIX: 'roll' })
    const search = searchServers(searchClient(config), config)
    const lock = new Lock(nodes, 'lease', holder, systemClock)
    const args = { kubernetes: nodes, servers: search, lock, sets: ['node'], waitMs, clock: systemClock, signal }
    return rollOut({ ...args, say: (text) => say.push(`${holder}: ${text}`) }).finally(() => search.close())
  }

  async function delayOf(index: string): Promise<string | undefined> {
    const found = await client.indices.getSettings({ index, flat_settings: true })
    return (found[index]?.settings as Record<string, string> | undefined)?.[
      'index.unassigned.node_left.delayed_timeout'
    ]
  }

  it('is never red, moves no shard, has never two away, and takes the elected master last, though it is killed in between', async () => {
    const [{ node: elected } = {}] = await client.cat.master({ format: 'json' })
    const watch = new Watch(client, 'roll-event')
    nodes.revision = 'second'
    // The first roller ends in the middle of the restart of its first pod, as one that is killed.
    const killed = new AbortController()
    const killing = setInterval(() => nodes.evicted.length > 0 && killed.abort(), 100)
    await assert.rejects(roll('killed', killed.signal), { name: 'AbortError' })
    clearInterval(killing)
    assert.equal(nodes.evicted.length, 1)
    await roll('next')
    await watch.end()
    assert.deepEqual([...nodes.evicted].sort(), [...PODS])
    assert.equal(nodes.evicted.at(-1), elected)
    assert.deepEqual([watch.red, watch.relocating, [...watch.away].sort()], [0, 0, [0, 1]])
    assert.equal(await delayOf('roll-event'), '5m')
    await client.indices.refresh({ index: 'roll-event' })
    // What was not answered may have been stored too.
    const { count } = await client.count({ index: 'roll-event' })
    assert.ok(count >= watch.stored && watch.stored > 0, `${count} of ${watch.stored}`)
  })

  it('stops before a pod that has the only copy of an index, and names it', async () => {
    await client.indices.create({
      index: 'roll-alone',
      wait_for_active_shards: 'all',
      settings: {
        number_of_shards: 1,
        number_of_replicas: 0,
        'index.routing.allocation.require._name': 'node-2',
      },
    })
    const [{ node: elected } = {}] = await client.cat.master({ format: 'json' })
    nodes.revision = 'third'
    const before = nodes.evicted.length
    await assert.rejects(roll('refused'), {
      code: 'roll_out_stopped',
      message:
        'stopped before the next pod: node-2: the only copy of roll-alone is on node-2: the index has 0 replicas, and ELASTIC_INDEX_REPLICAS asks for 1; let set-up add them in an `up` of its own, which changes no server (only_copy)',
    })
    // The others were taken only where it is the elected master, and so the last.
    assert.equal(nodes.evicted.length - before, elected === 'node-2' ? 2 : 0)
    assert.equal(await delayOf('roll-event'), '5m')
  })

  it('continues with the next try when the index has its copy', async () => {
    await client.indices.putSettings({
      index: 'roll-alone',
      settings: { 'index.routing.allocation.require._name': null, number_of_replicas: 1 },
    })
    await roll('again')
    const { pods } = await nodes.state()
    assert.deepEqual(
      pods.map(({ revision, isReady }) => [revision, isReady]),
      PODS.map(() => ['third', true]),
    )
  })
})
