import assert from 'node:assert/strict'
import { Registry } from 'prom-client'
import { INDEX_TROUBLES, type IndexTrouble } from '../../../runtime/search/index-watch.ts'
import { AdaptiveConcurrency } from '../../../runtime/worker/concurrency.ts'
import { workerMetrics } from '../../../runtime/worker/metrics.ts'

describe('workerMetrics', () => {
  it('have every trouble of templates and indices from the start, and what was counted last', async () => {
    const registry = new Registry()
    const metrics = workerMetrics(registry, new AdaptiveConcurrency(2), Date.now)
    const counted = async () => {
      const { values } = (await registry.getSingleMetric('tracardi_worker_index_troubles')?.get()) ?? { values: [] }
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels['reason']), value]))
    }
    const none = Object.fromEntries(INDEX_TROUBLES.map((code) => [code, 0])) as Record<IndexTrouble, number>
    assert.deepEqual(await counted(), none)
    metrics.indexTroubles({ ...none, alias_missing: 2 })
    assert.deepEqual(await counted(), { ...none, alias_missing: 2 })
    metrics.indexTroubles(none)
    assert.deepEqual(await counted(), none)
  })

  it('have each closed lane, also of an index whose shards are not known, and none that is open again', async () => {
    const registry = new Registry()
    const metrics = workerMetrics(registry, new AdaptiveConcurrency(2), Date.now)
    const closed = async () => {
      const { values } = (await registry.getSingleMetric('tracardi_worker_lane_closed')?.get()) ?? { values: [] }
      return values.map(({ labels, value }) => [labels['index'], labels['shard'], labels['fault'], value])
    }
    const trouble = { index: 'i', fault: 'cluster_block_exception', reason: 'why' }
    metrics.watchLanes({
      count: 2,
      troubles: [
        { ...trouble, shard: 3 },
        { ...trouble, shard: undefined },
      ],
    })
    assert.deepEqual(await closed(), [
      ['i', 3, 'cluster_block_exception', 1],
      ['i', 'unknown', 'cluster_block_exception', 1],
    ])
    metrics.watchLanes({ count: 2, troubles: [] })
    assert.deepEqual(await closed(), [])
  })

  it('have each node of Elasticsearch that was down, until it answers again and after', async () => {
    const registry = new Registry()
    const metrics = workerMetrics(registry, new AdaptiveConcurrency(2), Date.now)
    const away = async () => {
      const { values } = (await registry.getSingleMetric('tracardi_worker_search_node_away')?.get()) ?? { values: [] }
      return values.map(({ labels, value }) => [labels['node'], value])
    }
    metrics.searchNode('http://a:9200', true)
    assert.deepEqual(await away(), [['http://a:9200', 1]])
    metrics.searchNode('http://a:9200', false)
    assert.deepEqual(await away(), [['http://a:9200', 0]])
  })

  it('have a boundary of the time from receipt to stored at the timeout of a bulk, a second later, and at the service level', async () => {
    const bounds = async (waits?: { bulkTimeoutSeconds: number; storedWithinSeconds: number }) => {
      const registry = new Registry()
      workerMetrics(registry, new AdaptiveConcurrency(2), Date.now, waits)
      const text = await registry.metrics()
      return [...text.matchAll(/receipt_to_stored_seconds_bucket\{le="([\d.]+)"/g)].map((match) => Number(match[1]))
    }
    const known = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 60, 300, 900, 3600, 14_400]
    const sorted = (more: number[]) => [...known, ...more].sort((one, other) => one - other)
    assert.deepEqual(await bounds(), sorted([31]))
    assert.deepEqual(await bounds({ bulkTimeoutSeconds: 45, storedWithinSeconds: 50 }), sorted([45, 46, 50]))
    assert.deepEqual(await bounds({ bulkTimeoutSeconds: 45, storedWithinSeconds: 0 }), sorted([45, 46, 90]))
  })
})
