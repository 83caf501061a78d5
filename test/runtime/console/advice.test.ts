import assert from 'node:assert/strict'
import { adviceOf } from '../../../runtime/console/advice.ts'
import { NOTHING_ADVISED, nextAdvice } from '../../../runtime/console/advice-log.ts'
import type { DiskFigures, Figures, InstanceFigures, MissingShard } from '../../../runtime/console/state.ts'
import { INDEX_TROUBLES } from '../../../runtime/search/index-watch.ts'
import { sentencesOf } from '../../support/sentences.ts'

const GB = 1024 ** 3

const instance = (program: 'api' | 'worker', figures: Partial<InstanceFigures> = {}): InstanceFigures => ({
  url: `http://${program}:8686`,
  program,
  wasProgram: program,
  troubles: [],
  restarts: 0,
  timedOut: false,
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

const trouble = (kind: string, where: string, reason: string) => ({
  kind,
  where,
  reason,
  fromMs: 5000,
  lastMs: 19_000,
  count: 3,
})
const missing = (more: Partial<MissingShard> = {}): MissingShard => ({
  ...{ index: 't-event-2026-11', shard: 0, isPrimary: true, reason: 'NODE_LEFT', forSeconds: 12 },
  ...more,
})

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
  place: {
    ...{ elasticHost: 'http://es-0:9200', pulsarApi: 'http://pulsar:8080', sourcesFile: 'sources.json' },
    isInPods: false,
  },
  certificates: [],
  windowSeconds: 300,
  acceptedPerSecond: 1000,
  storedPerSecond: 1000,
  duplicatesPerSecond: 0,
  recent: {
    ...{ seconds: 20, unavailableEvents: 0, unrouted: [], conflicts: 0 },
    ...{ retries: [], bulkEvents: 300_000, refusedCalls: [], calls: 1000 },
    ...{ bulkP50Seconds: 0.15, receiptP50Seconds: 0.004 },
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
    missingShards: [],
    nodesAway: [],
    disks: [disk(600 * GB)],
    indices: [],
    forecast: { index: 't-event-2026-11', nextIndex: 't-event-2026-12', primaryBytes: 120 * GB, shards: 3 },
  },
}

const IN_PODS = { place: { ...WELL.place, isInPods: true } }
const queue = (figures: Partial<Figures['queue']>) => ({ queue: { ...WELL.queue, ...figures } })
const recent = (figures: Partial<Figures['recent']>) => ({ recent: { ...WELL.recent, ...figures } })
const search = (figures: Partial<Figures['search']>) => ({ search: { ...WELL.search, ...figures } })
const bulks = (figures: Partial<Figures['bulks']>) => ({ bulks: { ...WELL.bulks, ...figures } })

const assertWords = sentencesOf('advice of the console')

/** The advice once everything has stood for 10 s: causes without their symptoms. */
function standing(figures: Partial<Figures>, namesInstances = true) {
  const findings = adviceOf({ ...WELL, ...figures }, namesInstances)
  return nextAdvice(nextAdvice(NOTHING_ADVISED, findings, 20_000), findings, 30_000).standing
}

/** What is advised for a pipeline that differs from the well one: codes, severities and numbers. The words are in the golden file. */
function said(figures: Partial<Figures>, namesInstances = true): readonly (readonly unknown[])[] {
  const advice = standing(figures, namesInstances)
  if (advice.length > 0) {
    assertWords(
      advice.map(({ title, text, where, reason, commands }) =>
        [
          `${title}: ${text}`,
          `where: ${where}`,
          ...(reason === undefined ? [] : [`reason: ${reason}`]),
          ...commands,
        ].join('\n'),
      ),
    )
  }
  return advice.map(({ code, severity, facts }) =>
    Object.keys(facts).length === 0 ? [code, severity] : [code, severity, facts],
  )
}

describe('the advice', () => {
  it('reports what is wrong with templates and indices, the gravest first, and where it is named', () => {
    const named = (...names: string[]) => names.map((name) => ({ name, count: 1 }))
    const troubled = [
      instance('worker'),
      instance('worker', {
        url: 'http://worker-2:8686',
        indexTroubles: named('not_allowed', 'index_not_made'),
        troubles: [
          trouble('not_allowed', 'index template t', 'no permission'),
          trouble('index_not_made', 'index t-event-2026-11', 'too many shards'),
        ],
      }),
    ]
    assert.deepEqual(said({ instances: troubled }), [['index_trouble', 'act', { kinds: 2 }]])
  })

  it('has a text for each trouble that a worker reports', () => {
    for (const name of INDEX_TROUBLES) {
      const [one] = adviceOf({ ...WELL, instances: [instance('worker', { indexTroubles: [{ name, count: 1 }] })] })
      assert.match(one?.text ?? '', /^[A-Z].*\.$/, name)
      assert.equal(one?.where, 'http://worker:8686')
    }
  })

  it('names the indices whose shards take nothing, the faults, and who says so', () => {
    const closedLanes = [{ name: 'tracardi-event-2026-10', count: 2 }]
    const closedLaneFaults = [{ name: 'cluster_block_exception', count: 2 }]
    const name = 'tracardi-event-2026-10'
    const blocked = trouble(
      'cluster_block_exception',
      name,
      `index [${name}] blocked by: [FORBIDDEN/8/index write (api)];`,
    )
    const worker = instance('worker', { closedLanes, closedLaneFaults, troubles: [blocked] })
    assert.deepEqual(said({ instances: [...workers(2), worker] }), [['lane_closed', 'act', { workers: 1, shards: 2 }]])
    assert.equal(standing({ instances: [worker] })[0]?.sinceMs, blocked.fromMs)
  })

  it('has what refuses a lane as one cause: a red cluster, a full disk, or the index itself', () => {
    const closed = (fault: string) => ({
      instances: [
        instance('worker', { closedLanes: [{ name: 't', count: 1 }], closedLaneFaults: [{ name: fault, count: 1 }] }),
      ],
    })
    const red = search({ status: 'red', missingShards: [missing()] })
    const full = search({ disks: [disk(40 * GB)] })
    const codes = (figures: Partial<Figures>) => standing(figures).map(({ code }) => code)
    assert.deepEqual(codes({ ...closed('unavailable_shards_exception'), ...red }), ['elasticsearch_red'])
    assert.deepEqual(codes({ ...closed('cluster_block_exception'), ...full }), ['disk_fills'])
    assert.deepEqual(codes({ ...closed('illegal_argument_exception'), ...red }), ['elasticsearch_red', 'lane_closed'])
    assert.deepEqual(said(closed('unavailable_shards_exception')), [['lane_closed', 'act', { workers: 1, shards: 1 }]])
    assert.deepEqual(said(closed('illegal_argument_exception')), [['lane_closed', 'act', { workers: 1, shards: 1 }]])
  })

  it('is none when all is well', () => {
    assert.deepEqual(said({}), [])
  })

  it('names the APIs whose sources file has a fault', () => {
    const faulty = {
      ...instance('api', { troubles: [trouble('sources_faulty', '', 'the sources file "s" is not JSON')] }),
      url: 'http://api-1:8686',
      hasSourcesFault: true,
    }
    assert.deepEqual(said({ instances: [instance('api'), faulty, ...workers(2)] }), [
      ['sources_faulty', 'act', { apis: 1 }],
    ])
  })

  it('reports calls that no route saw, and what to do when connections are closed', () => {
    const one = (...unrouted: Figures['recent']['unrouted'][number][]) => said(recent({ unrouted }))
    assert.deepEqual(one({ name: 'aborted', count: 20 }), [])
    assert.deepEqual(one({ name: 'aborted', count: 20 }, { name: 'bad_http', count: 1 }), [
      ['calls_unrouted', 'watch', { ended: 21 }],
    ])
    assert.deepEqual(one({ name: 'too_many_connections', count: 1 }), [['connections_closed', 'act', { ended: 1 }]])
  })

  it('counts events whose ids are in use for others', () => {
    assert.deepEqual(said(recent({ conflicts: 7 })), [['event_conflicts', 'watch', { events: 7 }]])
  })

  it('has the most urgent first', () => {
    const advice = adviceOf({ ...WELL, ...queue({ deadLetters: 1 }), ...recent({ unavailableEvents: 5 }) })
    assert.deepEqual(
      advice.map(({ code, severity }) => [code, severity]),
      [
        ['events_unavailable', 'act'],
        ['dead_letters', 'watch'],
      ],
    )
  })

  describe('when workers mostly flush on timeout', () => {
    const busy = (count: number) => workers(count).map((one, at) => ({ ...one, cpuCores: at === 0 ? 0.25 : 0.01 }))
    const idle = { count: 120, byReason: { size: 6, timeout: 114 }, meanEvents: 105, fullShare: 0.21 }

    it('is fewer workers or a longer timeout', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: busy(4) }), [
        ['bulks_not_full', 'hint', { bulks: 120, fullShare: 0.21, workers: 1 }],
      ])
    })

    it('is a longer timeout for the only worker', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: busy(1) }), [
        ['bulks_not_full', 'hint', { bulks: 120, fullShare: 0.21, workers: 1 }],
      ])
    })

    it('is none while no worker uses a quarter of a core', () => {
      assert.deepEqual(said({ ...bulks(idle), instances: [{ ...instance('worker'), cpuCores: 0.24 }] }), [])
      assert.deepEqual(said({ ...bulks(idle), instances: [{ ...instance('worker'), cpuCores: null }] }), [])
    })

    it('is none of a few bulks, of bulks half full, or while the backlog grows', () => {
      assert.deepEqual(said({ ...bulks({ ...idle, count: 9, byReason: { timeout: 9 } }), instances: busy(1) }), [])
      assert.deepEqual(said({ ...bulks({ ...idle, fullShare: 0.5 }), instances: busy(1) }), [])
      assert.deepEqual(said({ ...bulks({ ...idle, byReason: { size: 25, timeout: 95 } }), instances: busy(1) }), [])
      assert.deepEqual(said({ ...bulks(idle), ...queue({ trendPerSecond: 2 }), instances: busy(1) }), [])
    })
  })

  describe('when the backlog grows', () => {
    const grows = { messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 20 }

    it('is as many more workers as would keep up', () => {
      assert.deepEqual(said(queue(grows)), [
        ['backlog_grows', 'act', { growsPerSecond: 400, limit: 'workers', workers: 3 }],
      ])
    })

    it('is one more for the only worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(1) }), [
        ['backlog_grows', 'act', { growsPerSecond: 400, limit: 'workers', workers: 2 }],
      ])
    })

    it('is at most one worker for each partition', () => {
      assert.deepEqual(said(queue({ ...grows, trendPerSecond: 500 })), [
        ['backlog_grows', 'act', { growsPerSecond: 10000, limit: 'workers', workers: 4 }],
      ])
    })

    it('is more partitions when each has a worker', () => {
      assert.deepEqual(said({ ...queue(grows), instances: workers(4) }), [
        ['backlog_grows', 'act', { growsPerSecond: 400, limit: 'partitions', workers: 4 }],
      ])
    })

    it('is not said while Elasticsearch refuses: more workers would not help', () => {
      const refusing = recent({ retries: [{ name: 'es_rejected_execution_exception', count: 30_000 }] })
      assert.deepEqual(
        standing({ ...queue(grows), ...refusing }).map(({ code }) => code),
        ['bulks_refused'],
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
      assert.deepEqual(said(stalled), [['nothing_stored', 'act', { messages: 9000 }]])
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
        ['bulks_refused', 'act', { operations: 6000, cause: 'es_rejected_execution_exception' }],
      ])
    })

    it('is to look for the node that does not answer', () => {
      assert.deepEqual(said(recent({ retries: [{ name: 'request_retry', count: 6000 }] })), [
        ['bulks_unanswered', 'act', { operations: 6000, cause: 'request_retry' }],
      ])
    })

    it('is to look for what blocks an index, when that is the cause', () => {
      const refusedBy = (name: string, where: string) =>
        said({
          ...recent({ retries: [{ name, count: 6000 }] }),
          instances: [instance('worker', { troubles: [trouble(name, where, `of ${name}`)] })],
        })
      const expected = (cause: string) => [['bulks_not_stored', 'act', { operations: 6000, cause }]]
      assert.deepEqual(refusedBy('cluster_block_exception', 't'), expected('cluster_block_exception'))
      assert.deepEqual(refusedBy('request_refused', ''), expected('request_refused'))
      assert.deepEqual(refusedBy('illegal_argument_exception', 't'), expected('illegal_argument_exception'))
    })

    it('is none under one in a hundred', () => {
      assert.deepEqual(said(recent({ retries: [{ name: 'request_503', count: 2999 }] })), [])
    })
  })

  describe('when events were answered 503', () => {
    it('reports how many', () => {
      assert.deepEqual(said(recent({ unavailableEvents: 1250 })), [['events_unavailable', 'act', { events: 1250 }]])
    })
  })

  describe('when dead letters wait', () => {
    it('is to look at them', () => {
      const faults = [
        { name: 'document_parsing_exception', count: 6 },
        { name: 'strict_dynamic_mapping_exception', count: 2 },
      ]
      assert.deepEqual(said({ ...queue({ deadLetters: 7 }), faults }), [
        ['dead_letters', 'watch', { deadLetters: 7, commonest: 6, known: 8 }],
      ])
      assert.deepEqual(said({ ...queue({ deadLetters: 1 }), faults: faults.slice(0, 1) }), [
        ['dead_letters', 'watch', { deadLetters: 1, commonest: 6, known: 6 }],
      ])
      assert.deepEqual(said(queue({ deadLetters: 1 })), [
        ['dead_letters', 'watch', { deadLetters: 1, commonest: 0, known: 0 }],
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
        ['shards_large', 'watch', { shardBytes: 110953321813.33333, shards: 7 }],
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
        ['disk_fills', 'watch', { node: 'es-1', freeBytes: 193273528320, limitBytes: 161061273600, near: 1 }],
      ])
    })

    it('reports the gravest limit that was passed, of the fullest disk', () => {
      assert.deepEqual(said(search({ disks: [disk(140 * GB), disk(40 * GB, 'es-1')] })), [
        ['disk_fills', 'act', { node: 'es-1', freeBytes: 42949672960, limitBytes: 53687091200, near: 2 }],
      ])
      assert.deepEqual(said(search({ disks: [disk(90 * GB)] })), [
        ['disk_fills', 'act', { node: 'es-0', freeBytes: 96636764160, limitBytes: 107374182400, near: 1 }],
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
      assert.deepEqual(said({ instances: [instance('api')] }), [['no_worker', 'act', { messages: 20 }]])
    })

    it('says that it knows no worker where none is named', () => {
      assert.deepEqual(said({ instances: [instance('api')], ...queue({ messages: null }) }, false), [
        ['no_worker', 'watch', { messages: 0 }],
      ])
    })

    it('says which instances do not answer', () => {
      const silent = instance('worker', { program: 'unknown' as 'worker', reason: 'connect ECONNREFUSED' })
      assert.deepEqual(said({ instances: [...WELL.instances, silent] }), [
        ['instance_silent', 'watch', { silent: 1, program: 'worker' }],
      ])
      assert.deepEqual(said({ instances: [...WELL.instances, silent, silent] }), [
        ['instance_silent', 'watch', { silent: 2, program: 'worker' }],
      ])
    })

    it('says that the only worker does not answer, and which API', () => {
      const silent = { program: 'unknown' as 'worker', reason: 'no answer within 1.5 s' }
      assert.deepEqual(said({ instances: [instance('api'), instance('worker', silent)] }), [
        ['instance_silent', 'act', { silent: 1, program: 'worker' }],
      ])
      assert.deepEqual(said({ instances: [...WELL.instances, instance('api', silent)], ...IN_PODS }), [
        ['instance_silent', 'watch', { silent: 1, program: 'api' }],
      ])
      assert.deepEqual(
        said({ instances: [...WELL.instances, instance('api', { ...silent, wasProgram: 'unknown' })] }),
        [['instance_silent', 'watch', { silent: 1, program: 'unknown' }]],
      )
      assert.deepEqual(
        said({ instances: [instance('api'), instance('worker', { ...silent, wasProgram: 'unknown' })] }),
        [['instance_silent', 'act', { silent: 1, program: 'unknown' }]],
      )
    })

    it('says that a worker starts again and again, until it runs', () => {
      const worker = (figures: Partial<InstanceFigures>) => ({
        instances: [instance('worker', { restarts: 3, ...figures })],
      })
      const expected = [['worker_restarts', 'act', { workers: 1, restarts: 3 }]]
      assert.deepEqual(said(worker({ uptimeSeconds: 4 })), expected)
      const silent = { program: 'unknown' as 'worker', reason: 'refused', uptimeSeconds: null }
      assert.deepEqual(said({ ...worker(silent), ...IN_PODS }), expected)
      assert.deepEqual(said(worker({ uptimeSeconds: 20 })), [])
      assert.deepEqual(said(worker({ uptimeSeconds: 4, restarts: 2 })), [])
      const paused = [['instance_silent', 'act', { silent: 1, program: 'worker' }]]
      assert.deepEqual(said(worker({ ...silent, timedOut: true })), paused)
    })

    it('says why a worker receives nothing, while it says so itself', () => {
      const worker = (kind: string, lastMs: number) => ({
        atMs: 100_000,
        instances: [instance('worker', { troubles: [{ ...trouble(kind, '', 'no subscription'), lastMs }] })],
      })
      assert.deepEqual(said(worker('receive_failed', 90_000)), [
        ['worker_not_receiving', 'act', { kind: 'receive_failed' }],
      ])
      assert.deepEqual(said(worker('set_up_missing', 90_000)), [
        ['worker_not_receiving', 'act', { kind: 'set_up_missing' }],
      ])
      assert.deepEqual(said(worker('receive_failed', 89_999)), [])
    })

    it('says that Pulsar is down, for the senders or for the console alone', () => {
      const down = { publishFault: 'no connection', reason: 'refused' }
      assert.deepEqual(said({ ...queue(down), ...recent({ unavailableEvents: 5 }) }), [['pulsar_away', 'act']])
      assert.deepEqual(said(queue({ ...down, notPromised: 'facts_unknown' })), [['pulsar_away', 'act']])
      assert.deepEqual(said(queue({ reason: 'refused' })), [['pulsar_admin_away', 'act']])
      const unknown = queue({ reason: 'refused', notPromised: 'facts_unknown' })
      assert.deepEqual(said(unknown), [['pulsar_admin_away', 'act']])
    })

    it('says why events would not be read, and which partition is skipped', () => {
      const closed = queue({
        publishFault: 'the subscription s does not exist: run set-up',
        notPromised: 'subscription_missing',
      })
      assert.deepEqual(said({ ...closed, ...recent({ unavailableEvents: 5 }) }), [
        ['not_promised', 'act', { reason: 'subscription_missing' }],
      ])
      assert.deepEqual(said(queue({ leftOut: 'p-1 does not answer' })), [['partition_left_out', 'act']])
      assert.deepEqual(said(queue({ leftOut: 'p-1 does not answer', publishFault: 'none' })), [['pulsar_away', 'act']])
    })

    it('says that Pulsar or Elasticsearch is slow', () => {
      assert.deepEqual(said(recent({ receiptP50Seconds: 0.5 })), [['receipts_slow', 'watch', { receiptSeconds: 0.5 }]])
      assert.deepEqual(said(recent({ bulkP50Seconds: 5 })), [['bulks_slow', 'watch', { bulkSeconds: 5 }]])
      assert.deepEqual(said(recent({ bulkP50Seconds: 5, receiptP50Seconds: 1, seconds: 14.9 })), [])
      assert.deepEqual(said(recent({ receiptP50Seconds: 0.49, bulkP50Seconds: 4.9 })), [])
      assert.deepEqual(said(recent({ receiptP50Seconds: null, bulkP50Seconds: null })), [])
    })

    it('says that Elasticsearch is down, and not that workers are stuck', () => {
      const away = search({ reason: 'refused', status: null, disks: [], forecast: null })
      const growing = queue({ messages: 9000, events: 180_000, isInHand: false, trendPerSecond: 50 })
      assert.deepEqual(said({ ...away, ...growing, storedPerSecond: 0 }), [['elasticsearch_away', 'act']])
    })
  })

  describe('when a node of several does not answer', () => {
    it('names it', () => {
      assert.deepEqual(said(search({ nodesAway: ['http://10.0.0.3:9200'] })), [
        ['elasticsearch_node_away', 'watch', { nodes: 1 }],
      ])
      const both = { nodesAway: ['http://a:9200', 'http://b:9200'] }
      assert.deepEqual(said(search(both)), [['elasticsearch_node_away', 'watch', { nodes: 2 }]])
    })
  })

  describe('when shards have no node', () => {
    it('reports what is at risk, where, and why', () => {
      const explanation = 'Elasticsearch cannot allocate: too many shards'
      const primaries = [missing(), missing({ shard: 1 })]
      assert.deepEqual(said(search({ status: 'red', missingShards: primaries, explanation })), [
        ['elasticsearch_red', 'act', { primaries: 2 }],
      ])
      const copies = ['a', 'b', 'c', 'd'].map((index) => missing({ index, isPrimary: false }))
      assert.deepEqual(said(search({ status: 'yellow', missingShards: copies, dataNodes: 1 })), [
        ['copies_missing', 'watch', { copies: 4, dataNodes: 1 }],
      ])
    })

    it('is none while a new index begins', () => {
      assert.deepEqual(said(search({ status: 'yellow', unassignedShards: 3, missingShards: [] })), [])
      assert.deepEqual(said(search({ status: 'red', unassignedShards: 3, missingShards: [] })), [])
      assert.deepEqual(said(search({ status: 'red', missingShards: [missing({ isPrimary: false })] })), [])
    })

    it('is that of the status where shards may not be read', () => {
      const unknown = { missingShards: null, unassignedShards: 3, dataNodes: null }
      assert.deepEqual(said(search({ status: 'red', ...unknown })), [['elasticsearch_red', 'act', { primaries: 3 }]])
      assert.deepEqual(said(search({ status: 'yellow', ...unknown })), [
        ['copies_missing', 'watch', { copies: 3, dataNodes: 0 }],
      ])
      const nothing = { ...unknown, unassignedShards: null }
      assert.deepEqual(said(search({ status: 'red', ...nothing })), [['elasticsearch_red', 'act', { primaries: 0 }]])
      assert.deepEqual(said(search({ status: 'yellow', ...nothing })), [
        ['copies_missing', 'watch', { copies: 0, dataNodes: 0 }],
      ])
    })
  })

  describe('when calls are refused', () => {
    const refused = (source: string, status: number, count: number) => ({ source, status, count })
    const ofRefused = (...refusedCalls: Figures['recent']['refusedCalls'][number][]) =>
      recent({ refusedCalls, calls: 1000 })

    it('is by status and source, with the last reason', () => {
      const told = trouble('call_401', 'unknown', 'Access denied. Event source "h7" is unknown or disabled')
      const api = instance('api', { troubles: [trouble('call_401', 'shop', 'another'), told] })
      assert.deepEqual(said({ ...ofRefused(refused('unknown', 401, 400)), instances: [api, ...workers(1)] }), [
        ['calls_refused', 'act', { status: 401, source: 'unknown', refused: 400, calls: 1000 }],
      ])
      assert.equal(
        standing({ ...ofRefused(refused('unknown', 401, 400)), instances: [api, ...workers(1)] })[0]?.reason,
        told.reason,
      )
    })

    it('is urgent from a tenth of all calls on', () => {
      const severity = (count: number) => said(ofRefused(refused('shop', 422, count)))[0]?.[1]
      assert.deepEqual([severity(99), severity(100)], ['watch', 'act'])
    })

    it('has a text for each status, and for any other', () => {
      for (const status of [400, 401, 403, 413, 415, 422, 429, 418])
        assert.deepEqual(said(ofRefused(refused('shop', status, 50), refused('unknown', 401, 1))), [
          ['calls_refused', 'watch', { status, source: 'shop', refused: 51, calls: 1000 }],
        ])
    })

    it('is none of a few calls, or of less than one in a hundred', () => {
      assert.deepEqual(said(recent({ refusedCalls: [refused('shop', 422, 2)], calls: 2 })), [])
      assert.deepEqual(said(ofRefused(refused('unknown', 401, 9))), [])
    })

    it('exists for a source that is known, however many others there are', () => {
      const many = { calls: 1_000_000 }
      assert.deepEqual(
        said(recent({ refusedCalls: [refused('unknown', 401, 30), refused('shop', 403, 20)], ...many })),
        [['calls_refused', 'watch', { status: 403, source: 'shop', refused: 50, calls: 1_000_000 }]],
      )
      assert.deepEqual(said(recent({ refusedCalls: [refused('shop', 403, 19)], ...many })), [])
    })
  })

  describe('when a certificate ends', () => {
    const DAY = 86_400_000
    const ending = (...days: readonly number[]) => ({
      atMs: 100 * DAY,
      certificates: days.map((day, at) => ({
        url: `https://es-${at}${at === 0 ? ':9200' : ''}`,
        endsAtMs: (100 + day) * DAY,
      })),
    })

    it('is the first that ends, urgent below 14 days', () => {
      assert.deepEqual(said(ending(59)), [['certificate_ends', 'watch']])
      assert.deepEqual(said(ending(40, 13)), [['certificate_ends', 'act']])
      assert.deepEqual(said(ending(60)), [])
    })

    it('is the cause of servers that nobody reaches, once it has expired', () => {
      const away = search({ reason: 'certificate has expired', status: null, disks: [], forecast: null })
      assert.deepEqual(said({ ...ending(-1, -2), ...away }), [['certificate_expired', 'act']])
      assert.deepEqual(said(ending(-1, 5)), [
        ['certificate_expired', 'act'],
        ['certificate_ends', 'act'],
      ])
    })
  })

  describe('when a partition lags behind', () => {
    const partitions = (...messages: readonly number[]) =>
      messages.map((count, at) => ({
        partition: `persistent://t/n/functions-partition-${at}`,
        messages: count,
        trendPerSecond: 0,
        secondsToDrain: null,
      }))
    const lagging = (...messages: readonly number[]) => queue({ partitions: partitions(...messages), isInHand: false })

    it('names it, and where to look', () => {
      assert.deepEqual(said(lagging(5, 500, 7)), [['partition_lags', 'watch', { messages: 500, others: 6 }]])
    })

    it('is none while others wait as well, it shrinks, or it is the only one', () => {
      assert.deepEqual(said(lagging(60, 500, 70)), [])
      assert.deepEqual(said(lagging(500)), [])
      assert.deepEqual(said(lagging()), [])
      const shrinking = partitions(5, 500).map((one) => ({ ...one, trendPerSecond: -1 }))
      assert.deepEqual(said(queue({ partitions: shrinking, isInHand: false })), [])
      const unknown = partitions(5, 500).map((one) => ({ ...one, trendPerSecond: null }))
      assert.deepEqual(said(queue({ partitions: unknown, isInHand: false })), [])
    })
  })

  describe('when the API uses its core up', () => {
    const apis = (...cores: readonly number[]) => ({
      instances: [...cores.map((cpuCores) => instance('api', { cpuCores })), ...workers(1)],
    })

    it('is more instances', () => {
      assert.deepEqual(said(apis(0.95, 0.4)), [['api_busy', 'watch', { busy: 1, apis: 2 }]])
    })

    it('is none while fewer than half are busy', () => {
      assert.deepEqual(said(apis(0.95, 0.4, 0.3)), [])
      assert.deepEqual(said(apis(0.89)), [])
    })
  })
})
