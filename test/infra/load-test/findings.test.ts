import assert from 'node:assert/strict'
import { compareCounts, findingsOf, leastSizes } from '../../../infra/load-test/findings.ts'
import { coefficientsFault, coefficientsFile, measuredCoefficients } from '../../../infra/load-test/measured.ts'
import { firstSaturation, type Part, type Saturation } from '../../../infra/load-test/saturation.ts'
import { judge, type VerdictFault } from '../../../infra/load-test/verdict.ts'
import { fullLoad } from '../../../infra/load-test/window.ts'
import { readCoefficients } from '../../../infra/sizing/coefficients.ts'
import { size } from '../../../infra/sizing/model.ts'
import type { Interval, LoadTest } from '../../../runtime/load-test/record.ts'
import { sentencesOf } from '../../support/sentences.ts'
import { loadOf, PRODUCTION, valuesOf } from '../sizing/cases.ts'
import { api, generator, intervalOf, intervalsOf, loadTestOf, nodes, worker } from './cases.ts'

const OBJECTIVES = { p99Ms: 1000 }

describe('the window of a load test', () => {
  it('is plateau and bursts, without the rise and the draining', () => {
    const intervals = (['ramp', 'plateau', 'plateau', 'burst', 'plateau', 'plateau', 'drain'] as const).map(
      (phase, second) => intervalOf(second, { phase }),
    )
    assert.deepEqual(
      fullLoad({ intervals }).map(({ fromSeconds }) => fromSeconds),
      [1, 2, 3, 4, 5],
    )
  })

  it('is all of the load where the plateau is a few samples', () => {
    const intervals = (['ramp', 'plateau', 'drain'] as const).map((phase, second) => intervalOf(second, { phase }))
    assert.equal(fullLoad({ intervals }).length, 2)
  })
})

describe('the first part at its limit', () => {
  const found = (changes: Partial<Interval>) => firstSaturation(loadTestOf({ intervals: intervalsOf(10, changes) }))

  it('is none where all is at ease', () => {
    assert.equal(found({}), undefined)
  })

  const assertWords = sentencesOf('the first part at its limit')
  const behind = { backlogMessages: 750 }
  const cases: readonly [Part, string, Saturation['facts'], Partial<Interval>][] = [
    ['generator', 'load_generator_core', { loopBusy: 0.95 }, { generator: { ...generator, loopBusy: 0.95 } }],
    ['API', 'api_core', { cores: 0.97 }, { api: { ...api, cores: [0.3, 0.97] } }],
    ['worker', 'worker_core', { cores: 1.02 }, { worker: { ...worker, cores: [1.02] } }],
    [
      'Elasticsearch',
      'data_node_cores',
      { busy: 0.95, rejected: 0 },
      { nodes: { ...nodes, cores: [0.2, 3.8], processors: [4, 4] } },
    ],
    ['Elasticsearch', 'bulks_refused', { busy: 0.2, rejected: 1 }, { nodes: { ...nodes, writeRejected: 1 } }],
    [
      'machine',
      'load_generator_machine',
      { machineBusy: 0.99, machineCores: 2 },
      { generator: { ...generator, machineBusy: 0.99 } },
    ],
    ['queue', 'receipts_slow', { receiptMs: 140 }, { api: { ...api, receiptMs: 140 } }],
    [
      'worker',
      'bulks_in_flight',
      { inFlightLimit: 2, bulkEvents: 50, bulkMs: 60 },
      { ...behind, worker: { ...worker, inFlight: 1.9, bulkEvents: 50, bulkMs: 60 } },
    ],
    [
      'Elasticsearch',
      'bulks_slow',
      { bulkEvents: 500, bulkMs: 2500 },
      { ...behind, worker: { ...worker, inFlight: 2, bulkMs: 2500 } },
    ],
    [
      'worker',
      'bulks_in_flight',
      { inFlightLimit: 2, bulkEvents: 5000, bulkMs: 2500 },
      { ...behind, worker: { ...worker, inFlight: 2, bulkEvents: 5000, bulkMs: 2500 } },
    ],
    ['worker', 'workers_behind', {}, behind],
  ]
  for (const [part, code, facts, changes] of cases) {
    it(`is ${part} by ${code} at ${JSON.stringify(facts)}`, () => {
      const saturation = found(changes)
      assert.partialDeepStrictEqual(saturation, { part, code, facts, fromSeconds: 0 })
      assertWords([saturation?.reason ?? '', saturation?.advice ?? ''])
    })
  }

  it('is the first one, and not its consequence', () => {
    const intervals = [
      ...intervalsOf(5),
      ...[5, 6, 7, 8, 9, 10, 11, 12, 13, 14].map((second) =>
        intervalOf(second, { worker: { ...worker, cores: [0.99] } }),
      ),
      ...[15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25].map((second) =>
        intervalOf(second, { api: { ...api, cores: [0.99] } }),
      ),
    ]
    const saturation = firstSaturation(loadTestOf({ intervals }))
    assert.deepEqual([saturation?.part, saturation?.fromSeconds], ['worker', 5])
  })

  it('is a part rather than the machine that slows it down, and the machine rather than a slow receipt', () => {
    const full = { generator: { ...generator, machineBusy: 1 }, api: { ...api, receiptMs: 200 } }
    const late = (second: number) => intervalOf(second, { ...full, worker: { ...worker, cores: [0.99] } })
    const intervals = [...intervalsOf(12, full), ...Array.from({ length: 12 }, (_, index) => late(12 + index))]
    assert.equal(firstSaturation(loadTestOf({ intervals }))?.part, 'worker')
    assert.equal(firstSaturation(loadTestOf({ intervals: intervals.slice(0, 12) }))?.part, 'machine')
  })

  it('is none for less than ten seconds, nor for two samples, nor for what happens while draining', () => {
    const busy = { api: { ...api, cores: [0.99] } }
    const nine = [...intervalsOf(9, busy), intervalOf(9), ...[10, 11, 12].map((second) => intervalOf(second, busy))]
    assert.equal(firstSaturation(loadTestOf({ intervals: nine })), undefined)
    const long = [0, 12].map((second) => ({ ...intervalOf(second, busy), toSeconds: second + 12 }))
    assert.equal(firstSaturation(loadTestOf({ intervals: long })), undefined)
    assert.equal(found({ ...busy, phase: 'drain' }), undefined)
  })

  it('knows a backlog beyond what workers hold and five seconds of load', () => {
    // 500 × (2 + 2) events are held, 5 × 1,000 may wait, of 10 in a message: 700 messages.
    assert.equal(found({ backlogMessages: 700 }), undefined)
    assert.equal(found({ backlogMessages: 701 })?.part, 'worker')
  })
})

describe('the verdict', () => {
  const assertWords = sentencesOf('the verdict of a load test')
  const codesOf = (faults: readonly VerdictFault[]) => faults.map(({ code, facts }) => [code, facts])

  it('is that the load was held, where it was', () => {
    assert.deepEqual(judge(loadTestOf(), OBJECTIVES), { holds: true, faults: [], saturation: undefined })
  })

  it('reports everything that was not as it should be', () => {
    const loadTest = loadTestOf({ drainSeconds: null })
    const last = intervalOf(30, { backlogMessages: 9000, load: { ...intervalOf(0).load, lateMs: 4000 } })
    const { holds, faults } = judge(
      {
        ...loadTest,
        intervals: [...loadTest.intervals, last],
        comparison: { ...loadTest.comparison, lost: 1, twice: 2 },
        total: {
          ...loadTest.total,
          failed: 20,
          firstRefusal: '503: busy',
          latencyMs: { p50: 1, p90: 1, p99: 1200, p999: 1, max: 1 },
        },
      },
      OBJECTIVES,
    )
    assert.equal(holds, false)
    assert.deepEqual(codesOf(faults), [
      ['events_lost', { events: 1 }],
      ['events_twice', { events: 2 }],
      ['events_refused', { events: 20 }],
      ['not_drained', {}],
      ['backlog_grew', { messages: 9000 }],
      ['latency_high', { p99Ms: 1200, askedMs: 1000 }],
      ['load_late', { lateMs: 4000 }],
    ])
    assertWords(faults.map(({ text }) => text))
  })

  it('is no praise for a load of which nothing was accepted', () => {
    const { comparison } = loadTestOf()
    const { faults } = judge(loadTestOf({ comparison: { ...comparison, accepted: 0 } }), OBJECTIVES)
    assert.deepEqual(codesOf(faults), [['nothing_accepted', {}]])
    assertWords(faults.map(({ text }) => text))
  })
})

describe('the measured coefficients', () => {
  const values = (changes: Partial<Interval> = {}) =>
    Object.fromEntries(
      measuredCoefficients(loadTestOf({ intervals: intervalsOf(30, changes) })).map(({ key, value, basis }) => [
        key,
        [value, basis],
      ]),
    )

  it('are in the units of the model, and say how sure they are', () => {
    assert.deepEqual(values(), {
      referenceEventBytes: [600, 'measured'],
      overheadBytesPerEvent: [340, 'measured'],
      stateBytes: [410, 'measured'],
      // 1,410 bytes of 940 as written.
      storedBytesPerEventByte: [1.5, 'synthetic'],
      // 2,000 µs for a call of 10 events, that the defaults have as 600 + 10 × 40.
      apiMicrosPerCall: [727, 'extrapolated'],
      apiMicrosPerEvent: [127, 'extrapolated'],
      // 1,000 events and 100 calls, each of which costs as much as 5 events, in 0.1 s of CPU.
      eventsPerSecondPerWorker: [15_000, 'extrapolated'],
      bulkMillis: [50, 'extrapolated'],
      bulksInFlight: [2, 'measured'],
      // 1,000 events and 100 calls, each of which costs as much as 0.7, in 0.25 s of CPU beyond the 0.15 of any data node, of which two cores have 2.
      eventsPerSecondPerDataNode: [8560, 'extrapolated'],
    })
  })

  const of = (calls: number, events: number, cores: number, eventBytes = 600) =>
    loadTestOf({
      total: { ...loadTestOf().total, eventBytes },
      intervals: intervalsOf(30, {
        api: { ...api, calls, events, cores: [cores] },
        worker: { ...worker, events, cores: [cores] },
        // A data node uses 0.15 of a core in addition, whatever it stores.
        nodes: { ...nodes, cores: [cores + 0.15] },
      }),
    })

  it('report a call and an event apart by another load test with calls of another size', () => {
    const cost = (one: LoadTest, other: LoadTest) =>
      measuredCoefficients(one, other)
        .filter(({ key }) => key.startsWith('api'))
        .map(({ value }) => value)
    // 100 µs a call and 20 µs an event: 120 µs for one, 1,100 µs for 50.
    const [small, large] = [of(1000, 1000, 0.12), of(100, 5000, 0.11)]
    assert.deepEqual(
      [cost(small, large), cost(large, small)],
      [
        [100, 20],
        [100, 20],
      ],
    )
    // Mixes that are alike, costs that cannot be, and a record without the API report nothing apart.
    const alone = measuredCoefficients(small).slice(0, 6)
    for (const other of [of(1000, 2000, 0.14), of(100, 5000, 0.005), loadTestOf({ intervals: [] })])
      assert.deepEqual(measuredCoefficients(small, other).slice(0, 6), alone)
  })

  it('report what a call costs a worker and a data node by such a load test', () => {
    const measured = coefficientsFile(measuredCoefficients(of(1000, 1000, 0.12), of(100, 5000, 0.11)))
    // 20 µs an event, and 100 µs a call.
    assert.deepEqual([measured.eventsPerSecondPerWorker, measured.workerEventsPerCall], [50_000, 5])
    assert.deepEqual([measured.eventsPerSecondPerDataNode, measured.dataNodeEventsPerCall], [100_000, 5])
  })

  it('count the larger events of such a load test as more events', () => {
    // Of 1,500 bytes an event costs a worker (400 + 1,500) / (400 + 600) = 1.9 times as much: 38 µs, and with the call 2,000.
    const measured = coefficientsFile(measuredCoefficients(of(1000, 1000, 0.12), of(100, 5000, 0.2, 1500)))
    assert.deepEqual([measured.eventsPerSecondPerWorker, measured.workerEventsPerCall], [50_000, 5])
  })

  it('say what was at its limit', () => {
    const limits = values({
      api: { ...api, cores: [0.95] },
      worker: { ...worker, cores: [0.95], inFlight: 1.95 },
      nodes: { ...nodes, cores: [1.9] },
    })
    for (const key of ['apiMicrosPerCall', 'eventsPerSecondPerWorker', 'bulkMillis', 'eventsPerSecondPerDataNode']) {
      assert.equal(limits[key]?.[1], 'at its limit', key)
    }
  })

  it('count a copy as an event of its own', () => {
    const { settings } = loadTestOf()
    const measured = measuredCoefficients(loadTestOf({ settings: { ...settings, indexReplicas: 1 } }))
    assert.equal(measured.find(({ key }) => key === 'eventsPerSecondPerDataNode')?.value, 17_100)
  })

  it('omit what could not be reported', () => {
    const silent = loadTestOf({
      intervals: intervalsOf(30, { api: undefined, worker: undefined, nodes: undefined }),
      sizes: { overheadBytesPerEvent: undefined, stateBytes: undefined, storedBytesPerEvent: undefined },
    })
    assert.deepEqual(coefficientsFile(measuredCoefficients(silent)), { referenceEventBytes: 600 })
    // Bulks that are sent by the timeout say nothing about full ones.
    const small = values({ worker: { ...worker, bulkEvents: 249 } })
    assert.equal(small['bulkMillis'], undefined)
    assert.equal(small['bulksInFlight'], undefined)
  })

  it('report the time of BULK_SIZE events where bulks grew beyond it', () => {
    const grown = values({ worker: { ...worker, bulkEvents: 2000, bulkMs: 120 } })
    assert.equal(grown['bulkMillis']?.[0], 30)
  })

  it('have stored bytes of at least the default, because the texts were generated', () => {
    const few = loadTestOf({ sizes: { ...loadTestOf().sizes, storedBytesPerEvent: 100 } })
    const found = measuredCoefficients(few).find(({ key }) => key === 'storedBytesPerEventByte')
    assert.deepEqual([found?.value, found?.basis], [0.8, 'synthetic'])
  })

  it('are refused of a load that was not held, or of a short one', () => {
    const held = { holds: true, faults: [] }
    const long = loadTestOf({ intervals: intervalsOf(300) })
    assert.equal(coefficientsFault(long, held), undefined)
    assert.equal(
      coefficientsFault(long, { holds: false, faults: ['a', 'b'].map((text) => ({ code: text, facts: {}, text })) }),
      'the load was not held: a; b',
    )
    assert.match(coefficientsFault(loadTestOf(), held) ?? '', /^\d+ s of full load say too little; at least 300 s /)
  })

  it('are what the model reads', () => {
    const file = coefficientsFile(measuredCoefficients(loadTestOf()))
    assert.equal(readCoefficients(JSON.parse(JSON.stringify(file))).apiMicrosPerCall, 727)
  })
})

describe('the counts', () => {
  it('that the load needs are those that held it, with room for what the model leaves', () => {
    const loadTest = loadTestOf()
    const coefficients = readCoefficients(coefficientsFile(measuredCoefficients(loadTest)))
    const counts = compareCounts(loadTest, leastSizes(loadTest, coefficients))
    assert.deepEqual(
      counts.map(({ key, seen, needed }) => [key, seen, needed]),
      [
        ['api.replicas', 1, 1],
        ['workers.replicas', 1, 1],
        ['elasticsearch.dataNodes', 1, 1],
      ],
    )
  })

  it('are reported where too few ran: at 70 % of a core there is no room for the bursts', () => {
    const busy = loadTestOf({ intervals: intervalsOf(30, { api: { ...api, cores: [0.7] } }) })
    const { advice, counts } = findingsOf(busy, OBJECTIVES)
    assert.deepEqual(advice, ['api.replicas: 1 ran, the load needs 2'])
    assert.match(
      counts[0]?.reason ?? '',
      /^2: peak 1,000 events\/s in calls of 10 are 100 calls\/s; one replica carries/,
    )
  })

  it('come for a stack from its own environment', () => {
    const derive = () => size(loadOf({ peakEventsPerSecond: 1000 }), PRODUCTION)
    const findings = findingsOf(loadTestOf(), OBJECTIVES, { stack: 'production', derive })
    assert.equal(findings.stack, 'production')
    assert.equal(findings.counts[0]?.needed, valuesOf(derive())['api.replicas'])
    assert.equal(findings.advice[0], 'api.replicas: 1 ran, the load needs 10')
  })

  it('of what was not seen are not judged', () => {
    const unseen = loadTestOf({ intervals: intervalsOf(30, { api: undefined }) })
    assert.deepEqual(findingsOf(unseen, OBJECTIVES).advice, [])
    assert.equal(findingsOf(unseen, OBJECTIVES).counts[0]?.seen, 0)
  })
})

describe('what one of each carries', () => {
  it('is in events a second of the mix that was sent', () => {
    assert.deepEqual(findingsOf(loadTestOf(), OBJECTIVES).capacities, [
      { what: 'one replica of the API', eventsPerSecond: (1e6 / (727 + 10 * 127)) * 10, basis: 'extrapolated' },
      { what: 'one worker, by its CPU', eventsPerSecond: 15_000 / 1.5, basis: 'extrapolated' },
      { what: 'one worker, by its bulks', eventsPerSecond: 20_000, basis: 'extrapolated' },
      { what: 'one data node of two cores', eventsPerSecond: 8560 / 1.07, basis: 'extrapolated' },
    ])
  })

  it('is unknown where no call was sent', () => {
    const { total } = loadTestOf()
    assert.deepEqual(findingsOf(loadTestOf({ total: { ...total, calls: 0, events: 0 } }), OBJECTIVES).capacities, [])
  })
})
