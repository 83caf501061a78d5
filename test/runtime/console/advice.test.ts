import assert from 'node:assert/strict'
import { adviceFor } from '../../../runtime/console/advice.ts'
import type { DiskFigures, Figures, InstanceFigures } from '../../../runtime/console/state.ts'
import { INDEX_TROUBLES } from '../../../runtime/search/index-watch.ts'
import { sentencesOf } from '../../support/sentences.ts'

const GB = 1024 ** 3

const instance = (program: 'api' | 'worker', figures: Partial<InstanceFigures> = {}): InstanceFigures => ({
  url: `http://${program}:8686`,
  program,
  eventsPerSecond: 1000,
  cpuCores: 0.3,
  residentBytes: 100_000_000,
  heapUsedBytes: 40_000_000,
  eventLoopLagSeconds: 0.01,
  uptimeSeconds: 600,
  pendingBytes: 0,
  hasSourcesFault: false,
  indexTroubles: [],
  closedLanes: [],
  closedLaneFaults: [],
  mostBulksInFlight: program === 'worker' ? 2 : null,
  ...figures,
})
const workers = (count: number) => Array.from({ length: count }, () => instance('worker'))

const disk = (availableBytes: number, node = 'es-0'): DiskFigures => ({
  node,
  totalBytes: 1000 * GB,
  availableBytes,
  lowFreeBytes: 150 * GB,
  highFreeBytes: 100 * GB,
  floodStageFreeBytes: 50 * GB,
})

/** A pipeline of which there is nothing to say: two workers keep up, bulks are full. */
const WELL: Figures = {
  atMs: 0,
  windowSeconds: 300,
  acceptedPerSecond: 1000,
  storedPerSecond: 1000,
  duplicatesPerSecond: 0,
  recent: {
    ...{ seconds: 20, unavailableEvents: 0, unrouted: [], conflicts: 0 },
    ...{ retries: [], bulkEvents: 300_000 },
  },
  storedP50Seconds: 0.4,
  storedP99Seconds: 2,
  balance: {
    sinceMs: 0,
    sources: [],
    ...{ before: 0, in: 0, stored: 0, duplicates: 0, conflicts: 0, deadLetters: 0, erased: 0, notStored: 0 },
    ...{ waiting: 0, unexplained: 0 },
  },
  chart: { stepSeconds: 5, points: [] },
  queue: {
    partitions: Array.from({ length: 4 }, (_, at) => ({
      partition: `p-${at}`,
      messages: 5,
      trendPerSecond: 0,
      secondsToDrain: null,
    })),
    messages: 20,
    events: 400,
    eventsPerMessage: 20,
    trendPerSecond: 0,
    secondsToDrain: null,
    deadLetters: 0,
    isInHand: true,
  },
  bulkSize: 500,
  bulks: {
    count: 600,
    byReason: { size: 600, bytes: 0, timeout: 0, drain: 0 },
    meanEvents: 500,
    fullShare: 1,
    p50Seconds: 0.15,
    p99Seconds: 0.9,
    retries: [],
  },
  faults: [],
  instances: [instance('api'), ...workers(2)],
  search: {
    status: 'green',
    nodes: 3,
    dataNodes: 2,
    activeShards: 12,
    unassignedShards: 0,
    nodesAway: [],
    disks: [disk(600 * GB)],
    indices: [],
    forecast: { index: 't-event-2026-11', nextIndex: 't-event-2026-12', primaryBytes: 120 * GB, shards: 3 },
  },
}

const queue = (figures: Partial<Figures['queue']>) => ({ queue: { ...WELL.queue, ...figures } })
const recent = (figures: Partial<Figures['recent']>) => ({ recent: { ...WELL.recent, ...figures } })
const search = (figures: Partial<Figures['search']>) => ({ search: { ...WELL.search, ...figures } })
const bulks = (figures: Partial<Figures['bulks']>) => ({ bulks: { ...WELL.bulks, ...figures } })

const assertWords = sentencesOf('advice of the console')

/** What is advised for a pipeline that differs from the well one: rules, severities and numbers. The words are in the golden file. */
function said(figures: Partial<Figures>, namesInstances = true): readonly (readonly unknown[])[] {
  const advice = adviceFor({ ...WELL, ...figures }, namesInstances)
  if (advice.length > 0) assertWords(advice.map(({ title, text }) => `${title}: ${text}`))
  return advice.map(({ rule, severity, facts }) =>
    Object.keys(facts).length === 0 ? [rule, severity] : [rule, severity, facts],
  )
}

describe('the advice', () => {
  it('reports what is wrong with templates and indices, the gravest first, and where it is named', () => {
    const named = (...names: string[]) => names.map((name) => ({ name, count: 1 }))
    const troubled = [
      instance('worker'),
      instance('worker', { url: 'http://worker-2:8686', indexTroubles: named('not_allowed', 'index_not_made') }),
    ]
    const [one] = adviceFor({ ...WELL, instances: troubled })
    assert.deepEqual([one?.rule, one?.severity], ['indices', 'act'])
    assert.match(one?.text ?? '', /^An index is missing .* do not allow .*http:\/\/worker-2:8686/)
  })

  it('has a text for each trouble that a worker reports', () => {
    for (const name of INDEX_TROUBLES) {
      const [one] = adviceFor({ ...WELL, instances: [instance('worker', { indexTroubles: [{ name, count: 1 }] })] })
      assert.match(one?.text ?? '', /^[A-Z].*\. `\/health\/ready`/, name)
    }
  })

  it('names the indices whose shards take nothing, the faults, and who says so', () => {
    const closedLanes = [{ name: 'tracardi-event-2026-10', count: 2 }]
    const closedLaneFaults = [{ name: 'cluster_block_exception', count: 2 }]
    const worker = instance('worker', { url: 'http://worker-2:8686', closedLanes, closedLaneFaults })
    const [one] = adviceFor({ ...WELL, instances: [...workers(2), worker] })
    assert.deepEqual([one?.rule, one?.severity], ['lanes', 'act'])
    assert.match(one?.text ?? '', /tracardi-event-2026-10 \(cluster_block_exception\).*http:\/\/worker-2:8686/)
  })

  it('is none when all is well', () => {
    assert.deepEqual(said({}), [])
  })

  it('names the APIs whose sources file has a fault', () => {
    const faulty = { ...instance('api'), url: 'http://api-1:8686', hasSourcesFault: true }
    const [one] = adviceFor({ ...WELL, instances: [instance('api'), faulty, ...workers(2)] })
    assert.deepEqual([one?.rule, one?.severity], ['sources', 'act'])
    assert.match(one?.text ?? '', /^1 API kept .*: http:\/\/api-1:8686\./)
  })

  it('reports calls that no route saw, and what to do when connections are closed', () => {
    const one = (...unrouted: Figures['recent']['unrouted'][number][]) => said(recent({ unrouted }))
    assert.deepEqual(one({ name: 'aborted', count: 20 }), [])
    assert.deepEqual(one({ name: 'aborted', count: 20 }, { name: 'bad_http', count: 1 }), [
      ['unrouted', 'watch', { ended: 21 }],
    ])
    assert.deepEqual(one({ name: 'too_many_connections', count: 1 }), [['connections', 'act', { ended: 1 }]])
  })

  it('counts events whose ids are in use for others', () => {
    assert.deepEqual(said(recent({ conflicts: 7 })), [['conflicts', 'watch', { events: 7 }]])
  })

  it('has the most urgent first', () => {
    const advice = adviceFor({ ...WELL, ...queue({ deadLetters: 1 }), ...recent({ unavailableEvents: 5 }) })
    assert.deepEqual(
      advice.map(({ rule, severity }) => [rule, severity]),
      [
        ['unavailable', 'act'],
        ['dead-letters', 'watch'],
      ],
    )
  })

  describe('when workers mostly flush on timeout', () => {
    const idle = { count: 120, byReason: { size: 6, timeout: 114 }, meanEvents: 105, fullShare: 0.21 }

    it('is fewer workers or a longer timeout', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: workers(4) }), [
        ['timeout', 'hint', { bulks: 120, fullShare: 0.21, workers: 1 }],
      ])
    })

    it('is a longer timeout for the only worker', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: workers(1) }), [
        ['timeout', 'hint', { bulks: 120, fullShare: 0.21, workers: 1 }],
      ])
    })

    it('is none of a few bulks, of bulks half full, or while the backlog grows', () => {
      assert.deepEqual(said(bulks({ ...idle, count: 9, byReason: { timeout: 9 } })), [])
      assert.deepEqual(said(bulks({ ...idle, fullShare: 0.5 })), [])
      assert.deepEqual(said(bulks({ ...idle, byReason: { size: 25, timeout: 95 } })), [])
      assert.deepEqual(said({ ...bulks(idle), ...queue({ trendPerSecond: 2 }) }), [])
    })
  })

  describe('when the backlog grows', () => {
    const grows = { messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 20 }

    it('is as many more workers as would keep up', () => {
      assert.deepEqual(said(queue(grows)), [['backlog', 'act', { growsPerSecond: 400, limit: 'workers', workers: 3 }]])
    })

    it('is one more for the only worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(1) }), [
        ['backlog', 'act', { growsPerSecond: 400, limit: 'workers', workers: 2 }],
      ])
    })

    it('is at most one worker for each partition', () => {
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: 500 })), [
        ['backlog', 'act', { growsPerSecond: 10000, limit: 'workers', workers: 4 }],
      ])
    })

    it('is more partitions when each has a worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(4) }), [
        ['backlog', 'act', { growsPerSecond: 400, limit: 'partitions', workers: 4 }],
      ])
    })

    it('is not more workers while Elasticsearch refuses', () => {
      const refusing = recent({ retries: [{ name: 'es_rejected_execution_exception', count: 30_000 }] })
      assert.deepEqual(said({ ...queue(grows), ...refusing })[1], [
        'backlog',
        'act',
        { growsPerSecond: 400, limit: 'elasticsearch' },
      ])
    })

    it('is none while it is in flight, shrinks, or grows by less than 5 % of what is stored', () => {
      assert.deepEqual(said(queue({ ...grows, isInHand: true })), [])
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: -20 })), [])
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: 2.4 })), [])
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: null })), [])
    })
  })

  describe('when workers run and store nothing', () => {
    const stalled = {
      ...queue({ messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 50 }),
      storedPerSecond: 0,
    }

    it('is to read their log', () => {
      assert.deepEqual(said(stalled), [['stalled', 'act', { messages: 9000 }]])
    })

    it('is none while the backlog consists of duplicates, or shrinks', () => {
      assert.deepEqual(said({ ...stalled, duplicatesPerSecond: 10 }), [])
      assert.deepEqual(
        said({ ...stalled, ...queue({ messages: 9000, events: 180_000, isInHand: false, trendPerSecond: -1 }) }),
        [],
      )
    })
  })

  describe('when operations are refused', () => {
    const retries = [
      { name: 'es_rejected_execution_exception', count: 5000 },
      { name: 'request_503', count: 1000 },
    ]

    it('is fewer bulks in flight, or more data nodes', () => {
      assert.deepEqual(said(recent({ retries })), [
        ['refused', 'act', { operations: 6000, cause: 'es_rejected_execution_exception', kind: 'overloaded' }],
      ])
    })

    it('is to look for the node that does not answer', () => {
      assert.deepEqual(said(recent({ retries: [{ name: 'request_retry', count: 6000 }] })), [
        ['refused', 'act', { operations: 6000, cause: 'request_retry', kind: 'unanswered' }],
      ])
    })

    it('is to look for what blocks an index, when that is the cause', () => {
      assert.deepEqual(said(recent({ retries: [{ name: 'cluster_block_exception', count: 6000 }] })), [
        ['refused', 'act', { operations: 6000, cause: 'cluster_block_exception', kind: 'other' }],
      ])
    })

    it('is none under one in a hundred', () => {
      assert.deepEqual(said(recent({ retries: [{ name: 'request_503', count: 2999 }] })), [])
    })
  })

  describe('when events were answered 503', () => {
    it('reports how many', () => {
      assert.deepEqual(said(recent({ unavailableEvents: 1250 })), [['unavailable', 'act', { events: 1250 }]])
    })
  })

  describe('when dead letters wait', () => {
    it('is to look at them', () => {
      const faults = [
        { name: 'document_parsing_exception', count: 6 },
        { name: 'strict_dynamic_mapping_exception', count: 2 },
      ]
      assert.deepEqual(said({ ...queue({ deadLetters: 7 }), faults }), [
        ['dead-letters', 'watch', { deadLetters: 7, commonest: 6, known: 8 }],
      ])
      assert.deepEqual(said({ ...queue({ deadLetters: 1 }), faults: faults.slice(0, 1) }), [
        ['dead-letters', 'watch', { deadLetters: 1, commonest: 6, known: 6 }],
      ])
      assert.deepEqual(said(queue({ deadLetters: 1 })), [
        ['dead-letters', 'watch', { deadLetters: 1, commonest: 0, known: 0 }],
      ])
    })

    it('is none of those that were replayed', () => {
      assert.deepEqual(said({ ...queue({ deadLetters: 0 }), faults: [{ name: 'a', count: 6 }] }), [])
      assert.deepEqual(said(queue({ deadLetters: null })), [])
    })
  })

  describe('when shards become too large', () => {
    const forecast = (primaryBytes: number) =>
      search({ forecast: { index: 't-event-2026-11', nextIndex: 't-event-2026-12', primaryBytes, shards: 3 } })

    it('is as many shards as keep each at 50 GB', () => {
      assert.deepEqual(said(forecast(310 * GB)), [['shards', 'watch', { shardBytes: 110953321813.33333, shards: 7 }]])
    })

    it('is none at 50 GB, or without a forecast', () => {
      assert.deepEqual(said(forecast(150 * GB)), [])
      assert.deepEqual(said(search({ forecast: null })), [])
    })
  })

  describe('when a disk fills', () => {
    it('reports the limit that is near', () => {
      assert.deepEqual(said(search({ disks: [disk(600 * GB), disk(180 * GB, 'es-1')] })), [
        ['disk', 'watch', { node: 'es-1', freeBytes: 193273528320, limitBytes: 161061273600, near: 1 }],
      ])
    })

    it('reports the gravest limit that was passed, of the fullest disk', () => {
      assert.deepEqual(said(search({ disks: [disk(140 * GB), disk(40 * GB, 'es-1')] })), [
        ['disk', 'act', { node: 'es-1', freeBytes: 42949672960, limitBytes: 53687091200, near: 2 }],
      ])
      assert.deepEqual(said(search({ disks: [disk(90 * GB)] })), [
        ['disk', 'act', { node: 'es-0', freeBytes: 96636764160, limitBytes: 107374182400, near: 1 }],
      ])
    })

    it('is none with room, or where the cluster does not watch', () => {
      assert.deepEqual(said(search({ disks: [disk(201 * GB)] })), [])
      const unwatched = { lowFreeBytes: null, highFreeBytes: null, floodStageFreeBytes: null }
      assert.deepEqual(said(search({ disks: [{ ...disk(GB), ...unwatched }] })), [])
    })
  })

  describe('when nothing runs', () => {
    it('says that there is no worker', () => {
      assert.deepEqual(said({ instances: [instance('api')] }), [['workers', 'act', { messages: 20 }]])
    })

    it('says that it knows no worker where none is named', () => {
      assert.deepEqual(said({ instances: [instance('api')], ...queue({ messages: null }) }, false), [
        ['workers', 'watch', { messages: 0 }],
      ])
    })

    it('says which instances do not answer', () => {
      const silent = instance('worker', { program: 'unknown' as 'worker', reason: 'connect ECONNREFUSED' })
      assert.deepEqual(said({ instances: [...WELL.instances, silent] }), [['instances', 'watch', { silent: 1 }]])
      assert.deepEqual(said({ instances: [...WELL.instances, silent, silent] }), [
        ['instances', 'watch', { silent: 2 }],
      ])
    })

    it('says that Pulsar is down, for the senders or for the console alone', () => {
      assert.deepEqual(said(queue({ publishFault: 'no connection', reason: 'refused' })), [
        ['pulsar', 'act', { part: 'producer' }],
      ])
      assert.deepEqual(said(queue({ reason: 'refused' })), [['pulsar', 'act', { part: 'admin' }]])
    })

    it('says that Elasticsearch is down, and not that workers are stuck', () => {
      const away = search({ reason: 'refused', status: null, disks: [], forecast: null })
      const growing = queue({ messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 50 })
      assert.deepEqual(said({ ...away, ...growing, storedPerSecond: 0 }), [['elasticsearch', 'act']])
    })
  })

  describe('when a node of several does not answer', () => {
    it('names it', () => {
      assert.deepEqual(said(search({ nodesAway: ['http://10.0.0.3:9200'] })), [['search-node', 'watch', { nodes: 1 }]])
      const both = { nodesAway: ['http://a:9200', 'http://b:9200'] }
      assert.deepEqual(said(search(both)), [['search-node', 'watch', { nodes: 2 }]])
    })
  })

  describe('when shards have no node', () => {
    it('reports what is at risk', () => {
      assert.deepEqual(said(search({ status: 'red', unassignedShards: 3 })), [
        ['health', 'act', { unassignedShards: 3 }],
      ])
      assert.deepEqual(said(search({ status: 'yellow', unassignedShards: 1, dataNodes: 1 })), [
        ['health', 'watch', { unassignedShards: 1, dataNodes: 1 }],
      ])
    })
  })

  describe('when the API uses its core up', () => {
    const apis = (...cores: readonly number[]) => ({
      instances: [...cores.map((cpuCores) => instance('api', { cpuCores })), ...workers(1)],
    })

    it('is more instances', () => {
      assert.deepEqual(said(apis(0.95, 0.4)), [['api-cpu', 'watch', { busy: 1, apis: 2 }]])
    })

    it('is none while fewer than half are busy', () => {
      assert.deepEqual(said(apis(0.95, 0.4, 0.3)), [])
      assert.deepEqual(said(apis(0.89)), [])
    })
  })
})
