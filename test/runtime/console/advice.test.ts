import assert from 'node:assert/strict'
import { adviceFor } from '../../../runtime/console/advice.ts'
import type { DiskFigures, Figures, InstanceFigures } from '../../../runtime/console/state.ts'
import { INDEX_TROUBLES } from '../../../runtime/search/index-watch.ts'

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
  unavailableEvents: 0,
  unrouted: [],
  storedPerSecond: 1000,
  duplicatesPerSecond: 0,
  conflicts: 0,
  storedP50Seconds: 0.4,
  storedP99Seconds: 2,
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
const search = (figures: Partial<Figures['search']>) => ({ search: { ...WELL.search, ...figures } })
const bulks = (figures: Partial<Figures['bulks']>) => ({ bulks: { ...WELL.bulks, ...figures } })

/** What is said of a pipeline that differs from the well one, as `severity title: text`. */
function said(figures: Partial<Figures>, namesInstances = true): readonly string[] {
  return adviceFor({ ...WELL, ...figures }, namesInstances).map(
    ({ severity, title, text }) => `${severity} ${title}: ${text}`,
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
    const one = (...unrouted: Figures['unrouted'][number][]) =>
      adviceFor({ ...WELL, unrouted }).map(({ rule, severity, text }) => [rule, severity, text])
    assert.deepEqual(one({ name: 'aborted', count: 300 }), [])
    assert.deepEqual(one({ name: 'aborted', count: 300 }, { name: 'bad_http', count: 1 }), [
      [
        'unrouted',
        'watch',
        '301 requests and connections in 5 min ended before a route saw them: aborted 300, bad_http 1. The log of the API names a client of each kind.',
      ],
    ])
    assert.deepEqual(one({ name: 'too_many_connections', count: 1 }), [
      [
        'connections',
        'act',
        '1 request or connection in 5 min ended before a route saw them: too_many_connections 1. Raise the limit on open files, or API_MAX_CONNECTIONS, or run more API instances.',
      ],
    ])
  })

  it('counts events whose ids are in use for others', () => {
    const [one] = adviceFor({ ...WELL, conflicts: 7 })
    assert.deepEqual([one?.rule, one?.severity], ['conflicts', 'watch'])
    assert.match(one?.text ?? '', /^7 events in 5 min /)
  })

  it('has the most urgent first', () => {
    const advice = adviceFor({ ...WELL, ...queue({ deadLetters: 1 }), unavailableEvents: 5 })
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
        'hint Bulks are sent before they are full: 95 % of 120 bulks in 5 min were sent on timeout, 21 % full (105 of 500 events). 1 worker instead of 4 would fill them, or a longer BULK_TIMEOUT_SECONDS.',
      ])
    })

    it('is a longer timeout for the only worker', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: workers(1) }), [
        'hint Bulks are sent before they are full: 95 % of 120 bulks in 5 min were sent on timeout, 21 % full (105 of 500 events). One worker is enough for this load; a longer BULK_TIMEOUT_SECONDS makes fewer, fuller bulks, but searches find events later.',
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
      assert.deepEqual(said(queue(grows)), [
        'act The backlog grows: It grows by 400/s while 1,000/s are stored, 500/s by each of 2 workers. Run 1 more: 3 of at most 4, one for each partition. A bulk takes 150 ms.',
      ])
    })

    it('is one more for the only worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(1) }), [
        'act The backlog grows: It grows by 400/s while 1,000/s are stored, all by one worker. Run 1 more: 2 of at most 4, one for each partition. A bulk takes 150 ms.',
      ])
    })

    it('is at most one worker for each partition', () => {
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: 500 })), [
        'act The backlog grows: It grows by 10,000/s while 1,000/s are stored, 500/s by each of 2 workers. Run 2 more: 4 of at most 4, one for each partition. A bulk takes 150 ms.',
      ])
    })

    it('is more partitions when each has a worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(4) }), [
        'act The backlog grows: It grows by 400/s while 1,000/s are stored, 250/s by each of 4 workers, as many as there are partitions. Raise PULSAR_PARTITIONS above 4, then run more workers; or make bulks faster. A bulk takes 150 ms.',
      ])
    })

    it('is not more workers while Elasticsearch refuses', () => {
      const refusing = bulks({ retries: [{ name: 'es_rejected_execution_exception', count: 30_000 }] })
      assert.equal(
        said({ ...queue(grows), ...refusing })[1],
        'act The backlog grows: It grows by 400/s while 1,000/s are stored, 500/s by each of 2 workers; but Elasticsearch refuses operations, so more workers would not help. Reduce the load on Elasticsearch first.',
      )
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
      assert.deepEqual(said(stalled), [
        'act Workers run and store nothing: 9,000 messages wait, and no event was stored for 10 s. Read the log of a worker: it names the cause.',
      ])
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
      assert.deepEqual(said(bulks({ retries })), [
        'act Elasticsearch refuses operations: 6,000 operations were sent again in 5 min, mostly es_rejected_execution_exception. Allow fewer bulks in flight (4 over 2 workers: fewer workers or a lower BULK_CONCURRENCY), or add data nodes, now 2.',
      ])
    })

    it('is to look for the node that does not answer', () => {
      assert.deepEqual(said(bulks({ retries: [{ name: 'request_retry', count: 6000 }] })), [
        'act Elasticsearch does not answer bulks: 6,000 operations were sent again in 5 min, mostly request_retry. Bulks got no answer: the log of the worker names the node and the reason. Check the nodes of ELASTIC_HOST.',
      ])
    })

    it('is to look for what blocks an index, when that is the cause', () => {
      assert.deepEqual(said(bulks({ retries: [{ name: 'cluster_block_exception', count: 6000 }] })), [
        'act Elasticsearch cannot store operations: 6,000 operations were sent again in 5 min, mostly cluster_block_exception. The events are not at fault: they wait in Pulsar, and nothing is lost. The log of the worker names the index and the reason.',
      ])
    })

    it('is none under one in a hundred', () => {
      assert.deepEqual(said(bulks({ retries: [{ name: 'request_503', count: 2999 }] })), [])
    })
  })

  describe('when events were answered 503', () => {
    it('reports how many', () => {
      assert.deepEqual(said({ unavailableEvents: 1250, windowSeconds: 120 }), [
        'act Events were answered 503: 1,250 events in 2 min got no receipt from Pulsar in time. Senders repeat them with the same ids. Check the brokers and the bookies.',
      ])
    })
  })

  describe('when dead letters wait', () => {
    it('is to look at them', () => {
      const faults = [
        { name: 'document_parsing_exception', count: 6 },
        { name: 'strict_dynamic_mapping_exception', count: 2 },
      ]
      assert.deepEqual(said({ ...queue({ deadLetters: 7 }), faults }), [
        'watch 7 dead letters wait: Elasticsearch refused them permanently. 6 of the 8 that the workers reported were document_parsing_exception. Look at the reasons below, fix the cause, then replay them: nothing is stored twice.',
      ])
      assert.deepEqual(said({ ...queue({ deadLetters: 1 }), faults: faults.slice(0, 1) }), [
        'watch 1 dead letter waits: Elasticsearch refused them permanently. All that the workers reported were document_parsing_exception. Look at the reasons below, fix the cause, then replay them: nothing is stored twice.',
      ])
      assert.deepEqual(said(queue({ deadLetters: 1 })), [
        'watch 1 dead letter waits: Elasticsearch refused them permanently. Look at the reasons below, fix the cause, then replay them: nothing is stored twice.',
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
      assert.deepEqual(said(forecast(310 * GB)), [
        'watch Shards become too large: At the rate of t-event-2026-11, t-event-2026-12 takes 310 GB: 103 GB in each of 3 shards, over 50 GB. Set ELASTIC_INDEX_SHARDS to 7 before that period begins.',
      ])
    })

    it('is none at 50 GB, or without a forecast', () => {
      assert.deepEqual(said(forecast(150 * GB)), [])
      assert.deepEqual(said(search({ forecast: null })), [])
    })
  })

  describe('when a disk fills', () => {
    it('reports the limit that is near', () => {
      assert.deepEqual(said(search({ disks: [disk(600 * GB), disk(180 * GB, 'es-1')] })), [
        'watch A disk is nearly full: es-1 has 180 GB of 1,000 GB free (18 %). Under 150 GB Elasticsearch assigns no new shards to it. Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.',
      ])
    })

    it('reports the gravest limit that was passed, of the fullest disk', () => {
      assert.deepEqual(said(search({ disks: [disk(140 * GB), disk(40 * GB, 'es-1')] })), [
        'act A disk is too full: es-1 has 40 GB of 1,000 GB free (4 %). That is under 50 GB: Elasticsearch blocks writes to the indices on it. Add disk or data nodes, or shorten EVENT_RETENTION_DAYS. 1 other node is near a limit too.',
      ])
      assert.deepEqual(said(search({ disks: [disk(90 * GB)] })), [
        'act A disk is too full: es-0 has 90 GB of 1,000 GB free (9 %). That is under 100 GB: Elasticsearch moves shards away from it. Add disk or data nodes, or shorten EVENT_RETENTION_DAYS.',
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
      assert.deepEqual(said({ instances: [instance('api')] }), [
        'act No worker runs: None of the instances that CONSOLE_INSTANCES names is a worker that answers: events are accepted and kept in Pulsar, but not stored. 20 messages wait in Pulsar. Start a worker.',
      ])
    })

    it('says that it knows no worker where none is named', () => {
      assert.deepEqual(said({ instances: [instance('api')], ...queue({ messages: null }) }, false), [
        'watch No worker is configured: CONSOLE_INSTANCES names no worker, so the console cannot show what is stored. Name the private listeners of the workers.',
      ])
    })

    it('says which instances do not answer', () => {
      const silent = instance('worker', { program: 'unknown' as 'worker', reason: 'connect ECONNREFUSED' })
      assert.deepEqual(said({ instances: [...WELL.instances, silent] }), [
        'watch 1 instance does not answer: http://worker:8686: connect ECONNREFUSED. The figures are without it.',
      ])
      assert.deepEqual(said({ instances: [...WELL.instances, silent, silent] }), [
        'watch 2 instances do not answer: http://worker:8686: connect ECONNREFUSED. 1 more likewise. The figures are without them.',
      ])
    })

    it('says that Pulsar is down, for the senders or for the console alone', () => {
      assert.deepEqual(said(queue({ publishFault: 'no connection', reason: 'refused' })), [
        'act Pulsar accepts no events: This API cannot publish: no connection. Calls are answered 503 and senders must repeat them. Check the brokers and the bookies.',
      ])
      assert.deepEqual(said(queue({ reason: 'refused' })), [
        'act Backlog unknown: The admin API of Pulsar does not respond: refused. Backlog and dead letters are unknown; events may still be stored. Check PULSAR_API and the brokers.',
      ])
    })

    it('says that Elasticsearch is down, and not that workers are stuck', () => {
      const away = search({ reason: 'refused', status: null, disks: [], forecast: null })
      const growing = queue({ messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 50 })
      assert.deepEqual(said({ ...away, ...growing, storedPerSecond: 0 }), [
        'act Elasticsearch does not answer: refused. Workers stop taking events; the backlog grows in Pulsar, on disk, and nothing is lost. Check ELASTIC_HOST, the credentials and the nodes.',
      ])
    })
  })

  describe('when a node of several does not answer', () => {
    it('names it', () => {
      assert.deepEqual(said(search({ nodesAway: ['http://10.0.0.3:9200'] })), [
        'watch A node of Elasticsearch does not answer: http://10.0.0.3:9200. The programs use the other nodes of ELASTIC_HOST, and nothing is lost. Repair it, or remove it from ELASTIC_HOST.',
      ])
      const both = { nodesAway: ['http://a:9200', 'http://b:9200'] }
      assert.equal(
        said(search(both))[0]?.split('. ')[0],
        'watch 2 nodes of Elasticsearch do not answer: http://a:9200 and http://b:9200',
      )
    })
  })

  describe('when shards have no node', () => {
    it('reports what is at risk', () => {
      assert.deepEqual(said(search({ status: 'red', unassignedShards: 3 })), [
        'act Elasticsearch is red: 3 shards have no node, primaries included: their events wait in Pulsar, and all others are stored. Check `_cluster/allocation/explain`.',
      ])
      assert.deepEqual(said(search({ status: 'yellow', unassignedShards: 1, dataNodes: 1 })), [
        'watch Copies of shards are missing: 1 copy of a shard has no node among 1 data node: the loss of one node may lose data. Add a data node, or set ELASTIC_INDEX_REPLICAS to what the nodes can hold.',
      ])
    })
  })

  describe('when the API uses its core up', () => {
    const apis = (...cores: readonly number[]) => ({
      instances: [...cores.map((cpuCores) => instance('api', { cpuCores })), ...workers(1)],
    })

    it('is more instances', () => {
      assert.deepEqual(said(apis(0.95, 0.4)), [
        'watch The API is near its limit: 1 of 2 API instances use 90 % of a core or more, and one cannot use much more than one. Run more API instances.',
      ])
    })

    it('is none while fewer than half are busy', () => {
      assert.deepEqual(said(apis(0.95, 0.4, 0.3)), [])
      assert.deepEqual(said(apis(0.89)), [])
    })
  })
})
