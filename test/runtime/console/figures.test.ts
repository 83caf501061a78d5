import assert from 'node:assert/strict'
import { loadConfig } from '../../../runtime/config.ts'
import { figuresOf } from '../../../runtime/console/figures.ts'
import type { Observation } from '../../../runtime/console/observation.ts'
import { seriesOf } from '../../../runtime/telemetry/metrics.ts'
import { API, answers, observation, partitions, pastOf, reading, SEARCH, START_MS, WORKER } from './observations.ts'

const SETTINGS = loadConfig({
  ELASTIC_INDEX_PREFIX: 't',
  ELASTIC_HOST: 'http://es-0:9200,http://es-1:9200',
  PULSAR_API: 'http://pulsar:8080',
  SOURCES_FILE: 'sources.json',
  MONITORING_PORT: '9464',
})
const GB = 1024 ** 3

/** A pipeline that takes 100 events/s and stores 80: the API as it is after that many seconds, and the worker. */
function pipelineAfter(seconds: number): Partial<Observation> {
  const api = reading('api', {
    counters: {
      [seriesOf('tracardi_api_events_total', { outcome: 'accepted' })]: 1000 + seconds * 100,
      [seriesOf('tracardi_api_events_total', { outcome: 'unavailable' })]: seconds,
      [seriesOf('tracardi_api_refused_calls_total', { source: 'unknown', status: '401' })]: seconds,
      [seriesOf('tracardi_api_refused_calls_total', { source: 'shop', status: '422' })]: seconds * 2,
      [seriesOf('tracardi_api_refused_calls_total', { source: 'shop', status: '429' })]: 0,
      [seriesOf('tracardi_api_requests_total', { route: '/track', status: '200' })]: seconds * 5,
      [seriesOf('tracardi_api_requests_total', { route: '/collect/:event_type/:source_id', status: '401' })]: seconds,
      [seriesOf('tracardi_api_requests_total', { route: 'none', status: '404' })]: seconds * 100,
      tracardi_api_message_events_sum: 1000 + seconds * 100,
      tracardi_api_message_events_count: (1000 + seconds * 100) / 10,
      process_cpu_seconds_total: seconds * 0.4,
    },
    gauges: {
      tracardi_api_pending_bytes: 4096,
      tracardi_api_sources_faulty: 1,
      process_resident_memory_bytes: 90_000_000,
      nodejs_heap_size_used_bytes: 30_000_000,
      nodejs_eventloop_lag_p99_seconds: 0.012,
    },
  })
  const worker = reading('worker', {
    counters: {
      [seriesOf('tracardi_worker_events_total', { outcome: 'stored' })]: seconds * 80,
      [seriesOf('tracardi_worker_events_total', { outcome: 'duplicate' })]: seconds * 2,
      [seriesOf('tracardi_worker_events_total', { outcome: 'conflict' })]: seconds,
      [seriesOf('tracardi_worker_flushes_total', { reason: 'size' })]: seconds / 5,
      [seriesOf('tracardi_worker_flushes_total', { reason: 'timeout' })]: 0,
      tracardi_worker_batch_events_sum: seconds * 80,
      tracardi_worker_batch_events_count: seconds / 5,
      [seriesOf('tracardi_worker_bulk_seconds_bucket', { le: '0.1' })]: seconds / 5,
      [seriesOf('tracardi_worker_bulk_seconds_bucket', { le: '+Inf' })]: seconds / 5,
      [seriesOf('tracardi_worker_retries_total', { cause: 'a' })]: seconds,
      [seriesOf('tracardi_worker_retries_total', { cause: 'b' })]: seconds * 3,
      [seriesOf('tracardi_worker_dead_letters_total', { fault: 'mapping' })]: 7,
    },
    gauges: {
      tracardi_worker_bulk_concurrency: 2,
      [seriesOf('tracardi_worker_index_troubles', { reason: 'alias_missing' })]: 1,
      ...Object.fromEntries(
        ['0', '1'].map((shard) => [
          seriesOf('tracardi_worker_lane_closed', {
            index: 'tracardi-event-2026-10',
            shard,
            fault: 'cluster_block_exception',
          }),
          1,
        ]),
      ),
      [seriesOf('tracardi_worker_index_troubles', { reason: 'not_allowed' })]: 0,
    },
  })
  return { instances: [answers(API, api), answers(WORKER, worker)], queue: partitions(40 + seconds * 2, 9) }
}

const past = pastOf(...[0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20].map((at) => observation(at, pipelineAfter(at))))

describe('the figures of a pipeline', () => {
  const figures = figuresOf(past, SETTINGS)

  it('report what arrives and what is stored', () => {
    assert.equal(figures.acceptedPerSecond, 100)
    assert.equal(figures.storedPerSecond, 80)
    assert.equal(figures.duplicatesPerSecond, 2)
    const { retries, ...recent } = figures.recent
    assert.deepEqual(recent, {
      ...{ seconds: 20, unavailableEvents: 20, unrouted: [], conflicts: 20, bulkEvents: 1600 },
      refusedCalls: [
        { source: 'shop', status: 422, count: 40 },
        { source: 'unknown', status: 401, count: 20 },
      ],
      ...{ calls: 120, bulkP50Seconds: 0.05, receiptP50Seconds: null },
    })
    assert.deepEqual(retries, figures.bulks.retries)
    assert.equal(figures.windowSeconds, 20)
  })

  it('report the backlog of each partition and of all', () => {
    const { partitions: each, ...all } = figures.queue
    assert.deepEqual(all, {
      messages: 89,
      events: 890,
      eventsPerMessage: 10,
      trendPerSecond: 2,
      secondsToDrain: null,
      deadLetters: 0,
      isInHand: true,
    })
    assert.deepEqual(each, [
      { partition: 'persistent://t/n/functions-partition-0', messages: 80, trendPerSecond: 2, secondsToDrain: null },
      { partition: 'persistent://t/n/functions-partition-1', messages: 9, trendPerSecond: 0, secondsToDrain: null },
    ])
  })

  it('report whether more waits than the workers have in flight: two bulks in flight, one that fills, one fetched', () => {
    const waiting = (messages: number) =>
      figuresOf(pastOf(observation(0, { ...pipelineAfter(0), queue: partitions(messages) })), SETTINGS).queue.isInHand
    assert.deepEqual([waiting(200), waiting(201)], [true, false])
  })

  it('report why bulks were sent, how full, how fast, and what was sent again', () => {
    assert.deepEqual(figures.bulks, {
      count: 4,
      byReason: { size: 4, timeout: 0 },
      meanEvents: 400,
      fullShare: 0.8,
      p50Seconds: 0.05,
      p99Seconds: 0.099,
      retries: [
        { name: 'b', count: 60 },
        { name: 'a', count: 20 },
      ],
    })
    assert.deepEqual(figures.faults, [{ name: 'mapping', count: 7 }])
  })

  it('report what each instance does and needs', () => {
    assert.deepEqual(figures.instances[0], {
      url: API,
      program: 'api',
      wasProgram: 'api',
      troubles: [],
      restarts: 0,
      timedOut: false,
      eventsPerSecond: 100,
      cpuCores: 0.4,
      residentBytes: 90_000_000,
      heapUsedBytes: 30_000_000,
      eventLoopLagSeconds: 0.012,
      uptimeSeconds: 3620,
      pendingBytes: 4096,
      hasSourcesFault: true,
      indexTroubles: [],
      closedLanes: [],
      closedLaneFaults: [],
      mostBulksInFlight: null,
    })
    assert.partialDeepStrictEqual(figures.instances[1], {
      program: 'worker',
      eventsPerSecond: 83,
      indexTroubles: [{ name: 'alias_missing', count: 1 }],
      closedLanes: [{ name: 'tracardi-event-2026-10', count: 2 }],
      closedLaneFaults: [{ name: 'cluster_block_exception', count: 2 }],
      mostBulksInFlight: 2,
    })
  })

  it('report no backlog that shrinks while nothing is processed', () => {
    const trendOf = (stored: (seconds: number) => number) => {
      const at = (seconds: number) => {
        const counters = { [seriesOf('tracardi_worker_events_total', { outcome: 'stored' })]: stored(seconds) }
        const instances = [answers(WORKER, reading('worker', { counters }))]
        return observation(seconds, { instances, queue: partitions(100 - seconds) })
      }
      const { queue } = figuresOf(pastOf(...[0, 2, 4, 6, 8, 10, 12].map(at)), SETTINGS)
      return [queue.trendPerSecond, queue.secondsToDrain]
    }
    assert.deepEqual(
      trendOf((seconds) => seconds),
      [-1, 88],
    )
    assert.deepEqual(
      trendOf(() => 5),
      [0, null],
    )
  })

  it('have no rates after a single look', () => {
    const first = figuresOf(pastOf(observation(0, pipelineAfter(0))), SETTINGS)
    assert.equal(first.acceptedPerSecond, null)
    assert.equal(first.queue.trendPerSecond, null)
    assert.equal(first.instances[0]?.eventsPerSecond, null)
    assert.equal(first.bulks.count, 0)
    assert.equal(first.bulks.fullShare, null)
    assert.equal(first.windowSeconds, 0)
  })
})

describe('the figures of instances that start again and again', () => {
  it('count the starts of 5 minutes, and know what a silent one was', () => {
    const started = (seconds: number) =>
      answers(WORKER, reading('worker', { startedAtSeconds: START_MS / 1000 + seconds }))
    const away = { url: WORKER, answer: { ok: false, reason: 'refused' } } as const
    const seen = [0, 10, 20].map((at) => observation(at, { instances: [started(at)] }))
    const of = (...more: readonly Observation[]) => figuresOf(pastOf(...seen, ...more), SETTINGS).instances[0]
    assert.deepEqual([of()?.restarts, of()?.wasProgram, of()?.program], [2, 'worker', 'worker'])
    const silent = of(observation(30, { instances: [away] }))
    assert.deepEqual([silent?.restarts, silent?.wasProgram, silent?.program], [2, 'worker', 'unknown'])
    assert.equal(silent?.timedOut, false)
    const paused = { url: WORKER, answer: { ok: false, reason: 'aborted', timedOut: true } } as const
    assert.equal(of(observation(30, { instances: [paused] }))?.timedOut, true)
    assert.equal(of(observation(320, { instances: [started(20)] }))?.restarts, 1)
    assert.equal(of(observation(321, { instances: [away] }))?.restarts, 0)
  })
})

describe('the figures of what is not reachable', () => {
  it('say why, and leave the rest as it is', () => {
    const away = { ok: false, reason: 'connection refused' } as const
    const figures = figuresOf(
      pastOf(
        observation(0, {
          instances: [{ url: WORKER, answer: away }],
          queue: away,
          search: away,
          publishFault: 'not connected',
        }),
      ),
      SETTINGS,
    )
    assert.partialDeepStrictEqual(figures.instances[0], {
      url: WORKER,
      program: 'unknown',
      reason: 'connection refused',
      eventsPerSecond: null,
    })
    assert.deepEqual(figures.queue, {
      reason: 'connection refused',
      publishFault: 'not connected',
      partitions: [],
      messages: null,
      events: null,
      eventsPerMessage: null,
      trendPerSecond: null,
      secondsToDrain: null,
      deadLetters: null,
      isInHand: false,
    })
    assert.deepEqual([figures.search.reason, figures.search.status], ['connection refused', null])
  })
})

describe('the figures of Elasticsearch', () => {
  it('report disks with what must stay free, and the size of shards', () => {
    const index = {
      name: 't-event-2026-11',
      documents: 9,
      bytes: 24 * GB,
      primaryBytes: 12 * GB,
      createdAtMs: START_MS - 5 * 86_400_000,
      shards: 3,
      replicas: 1,
      health: 'green',
    }
    const disks = [...SEARCH.disks, { node: 'coordinating', totalBytes: 0, availableBytes: 0 }]
    const { search } = figuresOf(
      pastOf(observation(0, { search: { ok: true, value: { ...SEARCH, disks, indices: [index] } } })),
      SETTINGS,
    )
    assert.deepEqual(search.disks, [
      {
        node: 'es-0',
        totalBytes: 1000 * GB,
        availableBytes: 600 * GB,
        lowFreeBytes: 150 * GB,
        highFreeBytes: 100 * GB,
        floodStageFreeBytes: 50 * GB,
      },
    ])
    assert.equal(search.indices[0]?.shardBytes, 4 * GB)
    assert.equal(search.forecast?.nextIndex, 't-event-2026-12')
  })

  it('have no limits where the cluster does not watch its disks', () => {
    const value = { ...SEARCH, watermarks: null }
    const { search } = figuresOf(pastOf(observation(0, { search: { ok: true, value } })), SETTINGS)
    assert.equal(search.disks[0]?.lowFreeBytes, null)
  })
})

describe('the figures of what went wrong', () => {
  it('are of the last 20 s, so that advice ends soon after its cause', () => {
    const until = (seconds: number) => pipelineAfter(Math.min(seconds, 20))
    const times = Array.from({ length: 25 }, (_, at) => at * 2)
    const figuresAt = (seconds: number) =>
      figuresOf(pastOf(...times.filter((at) => at <= seconds).map((at) => observation(at, until(at)))), SETTINGS)
    assert.equal(figuresAt(38).recent.unavailableEvents, 2)
    const { recent, bulks } = figuresAt(40)
    assert.deepEqual([recent.unavailableEvents, recent.conflicts, recent.retries, recent.bulkEvents], [0, 0, [], 0])
    assert.equal(bulks.count, 4)
  })
})
