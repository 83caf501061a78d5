import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Client } from '@elastic/elasticsearch'
import { Counter, Registry } from 'prom-client'
import { loadConfig } from '../../../runtime/config.ts'
import { observer, polled, watermarksOf } from '../../../runtime/console/observe.ts'
import { topicsOf } from '../../../runtime/names.ts'
import type { PulsarAdmin } from '../../../runtime/queue/admin.ts'
import { searchClient } from '../../../runtime/search/client.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const WATERMARK = 'cluster.routing.allocation.disk.watermark'

const TROUBLE = { kind: 'call_401', where: 'unknown', reason: 'why', fromMs: 1, lastMs: 2, count: 3 }

describe('the observer', () => {
  const elasticsearch = new ScriptedServer()
  const worker = createServer((_, response) => response.end('tracardi_worker_events_total{outcome="stored"} 7\n'))
  const stranger = createServer((_, response) => response.writeHead(404).end())
  const listening = [worker, stranger]
  let urls: readonly string[]
  let search: Client
  let queueIsAway: boolean

  before(async () => {
    await elasticsearch.start()
    for (const server of listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    urls = listening.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  after(async () => {
    await elasticsearch.stop()
    for (const server of listening) server.close()
  })
  beforeEach(() => {
    queueIsAway = false
    search = searchClient(loadConfig({ ELASTIC_HOST: elasticsearch.url }))
    elasticsearch.answer = ({ path }) => {
      if (path === '/_cluster/health') {
        return {
          body: {
            status: 'yellow',
            number_of_nodes: 3,
            number_of_data_nodes: 2,
            active_shards: 5,
            unassigned_shards: 1,
            number_of_pending_tasks: 0,
          },
        }
      }
      if (path.startsWith('/_nodes')) {
        const total = { total_in_bytes: 1000, available_in_bytes: 400 }
        return { body: { nodes: { a: { name: 'es-0', fs: { total } } } } }
      }
      if (path === '/_cluster/settings') return { body: { defaults: { [`${WATERMARK}.low`]: '85%' } } }
      return { body: [] }
    }
  })
  afterEach(() => search.close())

  const observing = (instances: string, ports: Record<string, string> = { PRIVATE_PORT: '1' }) => {
    const config = loadConfig({ CONSOLE_INSTANCES: instances, ELASTIC_HOST: elasticsearch.url, ...ports })
    const topics = topicsOf(config)
    const registry = new Registry()
    new Counter({ name: 'tracardi_api_events_total', help: '-', registers: [registry] }).inc(3)
    const subscription = (name: string, msgBacklog: number) => ({ [name]: { msgBacklog } })
    const admin = {
      stats: async (topic: string) => {
        if (queueIsAway) throw new Error('Pulsar does not answer')
        return topic === topics.deadLetters
          ? { [topic]: { subscriptions: subscription(topics.deadLettersSubscription, 2) } }
          : {
              [`${topic}-partition-1`]: { subscriptions: subscription(topics.eventsSubscription, 5) },
              [`${topic}-partition-0`]: {
                subscriptions: { ...subscription(topics.eventsSubscription, 4), ...subscription('a-copy', 900) },
              },
            }
      },
    } as unknown as PulsarAdmin
    return observer({
      config,
      topics,
      admin,
      search,
      registry,
      troubles: () => [TROUBLE],
      publishing: { unavailableReason: () => undefined, notPromised: () => undefined, leftOut: () => undefined },
    })
  }

  it('sees this instance and those that are named, and why one does not answer', async () => {
    const { instances } = await observing(`${urls.join(',')},http://127.0.0.1:1,http://nobody.invalid:8686`)()
    assert.deepEqual(
      instances.map(({ url, answer }) => [
        url,
        answer.ok
          ? Object.fromEntries([...answer.value.metrics].map(([series, { value }]) => [series, value]))
          : undefined,
      ]),
      [
        ['this instance', { tracardi_api_events_total: 3 }],
        [urls[0], { 'tracardi_worker_events_total{outcome="stored"}': 7 }],
        [urls[1], undefined],
        // http://127.0.0.1:1 is the private listener of this very instance.
        ['http://nobody.invalid:8686', undefined],
      ],
    )
    assert.deepEqual(instances[2]?.answer, { ok: false, reason: 'answered 404' })
    assert.match(JSON.stringify(instances[3]?.answer), /nobody\.invalid/)
  })

  it('knows itself by its monitoring port where it has one', async () => {
    const ports = { PRIVATE_PORT: '1', MONITORING_PORT: '2' }
    const { instances } = await observing('http://127.0.0.1:1,http://127.0.0.1:2', ports)()
    assert.deepEqual(
      instances.map(({ url }) => url),
      ['this instance', 'http://127.0.0.1:1'],
    )
  })

  it('sees the backlog of the subscription of the workers alone, by partition, and the dead letters', async () => {
    const { queue } = await observing('')()
    const topic = 'persistent://tracardi/system/functions-partition'
    assert.deepEqual(queue, {
      ok: true,
      value: {
        partitions: [
          { partition: `${topic}-0`, messages: 4 },
          { partition: `${topic}-1`, messages: 5 },
        ],
        deadLetters: 2,
      },
    })
  })

  it('sees nodes, shards, disks and their limits', async () => {
    const { search: seen } = await observing('')()
    assert.partialDeepStrictEqual(seen, {
      ok: true,
      value: {
        status: 'yellow',
        dataNodes: 2,
        unassignedShards: 1,
        disks: [{ node: 'es-0', totalBytes: 1000, availableBytes: 400 }],
        watermarks: { low: { limit: '85%', maxHeadroom: '-1' } },
      },
    })
  })

  it('sees the rest when Pulsar or Elasticsearch is down', async () => {
    queueIsAway = true
    elasticsearch.answer = () => ({ cut: true })
    const { instances, queue, search: seen } = await observing('')()
    assert.equal(instances[0]?.answer.ok, true)
    assert.deepEqual(queue, { ok: false, reason: 'Pulsar does not answer' })
    assert.equal(seen.ok, false)
  })
})

describe('the watermarks of a cluster', () => {
  it('are those that were set last: for a moment, permanently, or never', () => {
    const { low, high, floodStage } =
      watermarksOf({
        transient: { [`${WATERMARK}.low`]: '70%' },
        persistent: { [`${WATERMARK}.low`]: '75%', [`${WATERMARK}.high`]: '80%' },
        defaults: {
          [`${WATERMARK}.low`]: '85%',
          [`${WATERMARK}.high`]: '90%',
          [`${WATERMARK}.flood_stage`]: '95%',
          [`${WATERMARK}.flood_stage.max_headroom`]: '100GB',
        },
      }) ?? assert.fail()
    assert.deepEqual([low.limit, high.limit, floodStage], ['70%', '80%', { limit: '95%', maxHeadroom: '100GB' }])
  })

  it('are none where the cluster does not watch its disks', () => {
    assert.equal(watermarksOf({ persistent: { 'cluster.routing.allocation.disk.threshold_enabled': 'false' } }), null)
  })
})

describe('a source', () => {
  let nowMs: number
  let asked: number
  let answer: (ask: number) => Promise<string>
  let read: ReturnType<typeof polled<string>>

  beforeEach(() => {
    nowMs = 0
    asked = 0
    answer = async (ask) => `answer ${ask}`
    const ask = () => {
      asked += 1
      return answer(asked)
    }
    read = polled(ask, { everyMs: 10_000, waitMs: 5, limitMs: 5000, now: () => nowMs })
  })

  it('is asked again only when it is due', async () => {
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 9999
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 10_000
    assert.deepEqual(await read(), { ok: true, value: 'answer 2' })
  })

  it('that fails reports why', async () => {
    answer = () => Promise.reject(new Error('refused'))
    assert.deepEqual(await read(), { ok: false, reason: 'refused' })
  })

  it('that hangs keeps its last answer for a while, then counts as down, and is never asked twice at the same time', async () => {
    await read()
    let release = (_: string) => {}
    answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    nowMs = 10_000
    assert.deepEqual(await read(), { ok: true, value: 'answer 1' })
    nowMs = 25_000
    assert.deepEqual(await read(), { ok: false, reason: 'no answer for 15 s' })
    assert.equal(asked, 2)
    release('late')
    await new Promise(setImmediate)
    assert.deepEqual(await read(), { ok: true, value: 'late' })
  })

  it('that has never answered counts as down immediately', async () => {
    answer = () => new Promise(() => {})
    assert.deepEqual(await read(), { ok: false, reason: 'no answer for 0 s' })
  })
})
