import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_COEFFICIENTS, readCoefficients } from '../../../infra/sizing/coefficients.ts'
import { type Load, PERIOD_DAYS, type Shape } from '../../../infra/sizing/load.ts'
import { size } from '../../../infra/sizing/model.ts'
import { type Facts, type ReasonCode, SIZED_KEYS } from '../../../infra/sizing/question.ts'
import { sentencesOf } from '../../support/sentences.ts'
import {
  anyLoad,
  anyShape,
  DEV,
  groupsOf,
  loadOf,
  PRODUCTION,
  queuedRatio,
  reasonOf,
  valuesOf,
  whyOf,
} from './cases.ts'

/** The section of the file of sentences. */
const REASONS = 'reasons of the sizing model'
const isWarm = (key: string) => key.startsWith('elasticsearch.warm')
/** Of a stack without warm nodes. */
const KEYS = SIZED_KEYS.filter((key) => !isWarm(key))
const SMALL = loadOf({ peakEventsPerSecond: 100, retentionDays: 7, meanToPeak: 0.2 })
const UNSAFE = { surviveNode: false, surviveZone: false }
const MEDIUM = loadOf({ peakEventsPerSecond: 5000 })
const LARGE = loadOf({ peakEventsPerSecond: 50_000, eventsPerCall: 50, retentionDays: 30 })
const DAILY: Shape = { ...PRODUCTION, eventPartitioning: 'day' }

interface Row {
  readonly name: string
  readonly load: Load
  readonly shape: Shape
  /** In the order of `KEYS`. */
  readonly sizes: readonly number[]
}

const TABLE: readonly Row[] = [
  {
    name: '100 events/s on one machine',
    load: { ...SMALL, ...UNSAFE },
    shape: DEV,
    sizes: [1, 1, 30, 1, 1, 10, 17334, 10, 1, 20, 1, 20, 10, 1280, 7, 1, 1000, 2, 75, 2048, 2, 1],
  },
  {
    name: '100 events/s in production',
    load: SMALL,
    shape: PRODUCTION,
    sizes: [10, 10, 30, 2, 2, 10, 17334, 10, 2, 20, 6, 20, 10, 4096, 11, 3, 1000, 2, 70, 2048, 3, 1],
  },
  {
    name: '5,000 events/s in production',
    load: MEDIUM,
    shape: PRODUCTION,
    sizes: [10, 10, 30, 2, 2, 10, 17334, 10, 2, 20, 6, 20, 261, 4096, 304, 15, 3900, 15.5, 3613, 2048, 150, 21],
  },
  {
    name: '50,000 events/s in production, an index a day',
    load: LARGE,
    shape: DAILY,
    sizes: [10, 10, 30, 6, 3, 10, 5171, 12, 2, 20, 6, 20, 2273, 4096, 2651, 39, 6450, 25.75, 3981, 4096, 47, 208],
  },
]

/** To four digits, so that rounding of a computer decides nothing. */
const rounded = (facts: Facts) =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, Number(value.toPrecision(4))]))

/** Of 50,000 events/s in production, an index a day. */
const LARGE_FACTS: readonly (readonly [string, ReasonCode, Facts])[] = [
  [
    'api.replicas',
    'environment',
    {
      eventsPerSecond: 50_000,
      eventsPerCall: 50,
      callsPerSecond: 1000,
      callsPerSecondOfReplica: 307.7,
      microsPerCall: 1950,
      needed: 5,
    },
  ],
  ['api.minReplicas', 'environment', { meanToPeak: 0.4, needed: 2, replicas: 10 }],
  ['api.maxReplicas', 'smallest', { replicas: 10, needed: 15 }],
  [
    'workers.replicas',
    'load',
    { eventsPerSecond: 50_000, documentsPerSecond: 52_000, documentsPerSecondOfWorker: 10_260, needed: 6 },
  ],
  ['workers.minReplicas', 'load', { meanToPeak: 0.4, needed: 3, replicas: 6 }],
  ['workers.maxReplicas', 'smallest', { replicas: 6, needed: 9, partitions: 12 }],
  ['workers.backlogPerWorker', 'load', { messagesPerSecondOfWorker: 493.1, prefetched: 240, partitions: 12 }],
  ['runtime.PULSAR_PARTITIONS', 'load', { workers: 6, brokers: 2, needed: 12 }],
  [
    'broker.replicas',
    'load',
    {
      messagesPerSecond: 1500,
      bytesPerSecond: 20_730_000,
      messagesPerSecondOfBroker: 6000,
      bytesPerSecondOfBroker: 48_000_000,
      needed: 2,
    },
  ],
  ['zookeeper.diskGib', 'smallest', { ledgers: 1326, snapshotBytes: 31_820_000, logBytes: 2.4e9, needed: 5 }],
  [
    'bookkeeper.replicas',
    'smallest',
    {
      bytesPerSecond: 20_730_000,
      writeQuorum: 3,
      zones: 3,
      bytesPerSecondOfBookie: 36_000_000,
      ledgerBytes: 8.541e12,
      least: 6,
    },
  ],
  ['bookkeeper.journalGib', 'fixed', { journalsGib: 16 }],
  [
    'bookkeeper.ledgersGib',
    'load',
    {
      backlogHours: 24,
      retentionHours: 24,
      keptPeakHours: 9.6,
      bytesPerSecond: 20_730_000,
      deadLetterBytes: 4.147e10,
      ledgerBytes: 8.541e12,
      bookies: 6,
      needed: 2273,
    },
  ],
  ['bookkeeper.memoryMib', 'environment', { ledgersGib: 2273, needed: 3328 }],
  [
    'runtime.PULSAR_RETENTION_SIZE_GIB',
    'largest',
    { backlogHours: 24, retentionHours: 24, keptPeakHours: 9.6, topicBytes: 2.507e12, fitsGib: 2651, needed: 5723 },
  ],
  [
    'elasticsearch.dataNodes',
    'cheapest',
    { documentsPerSecond: 52_000, busyCores: 16.9, bytes: 1.006e14, mostGib: 4096, least: 3 },
  ],
  ['elasticsearch.cpuMillicores', 'memory', { coresByLoad: 0.8722, coresByMemory: 6.438, nodes: 39 }],
  ['elasticsearch.heapGib', 'load', { diskGib: 3981, diskPerMemory: 80.72, indices: 33, needed: 25.75 }],
  [
    'elasticsearch.dataGib',
    'load',
    { bytesPerDay: 1.382e12, eventDays: 31, eventBytes: 8.571e13, stateBytes: 1.493e13, nodes: 39, needed: 3981 },
  ],
  ['elasticsearch.masterMemoryMib', 'load', { shards: 3746, indices: 33, nodes: 39, heapGib: 2 }],
  [
    'runtime.ELASTIC_INDEX_SHARDS',
    'load',
    { indexBytes: 1.382e12, bySize: 47, byRate: 15, nodes: 39, shardBytes: 2.941e10, needed: 47 },
  ],
  [
    'runtime.ELASTIC_STATE_SHARDS',
    'load',
    {
      sessionDays: 90,
      sessionBytes: 6.221e12,
      profileDays: 90,
      profileBytes: 1.244e12,
      shardBytes: 2.991e10,
      needed: 208,
    },
  ],
]

describe('the sizes of a stack', () => {
  const assertWords = sentencesOf(REASONS)

  for (const { name, load, shape, sizes } of TABLE) {
    it(`are those of the table for ${name}`, () => {
      const derived = size(load, shape)
      assert.deepEqual(
        derived.map(({ key }) => key),
        KEYS,
      )
      assert.deepEqual(
        derived.map(({ value }) => value),
        sizes,
      )
    })
  }

  it('come with units and with reasons that hold the numbers', () => {
    const derived = size(LARGE, DAILY)
    assert.deepEqual(
      derived.map(({ unit }) => unit),
      [
        'pods',
        'pods',
        'pods',
        'pods',
        'pods',
        'pods',
        'messages',
        'partitions',
        'pods',
        'GiB',
        'pods',
        'GiB',
        'GiB',
        'MiB',
        'GiB',
        'nodes',
        'millicores',
        'GiB',
        'GiB',
        'MiB',
        'shards',
        'shards',
      ],
    )
    assertWords(derived.map(({ key, reason }) => `${key}: ${reason}`))
  })

  it('have what decided them and the numbers from which they follow', () => {
    assert.deepEqual(
      size(LARGE, DAILY).map(({ key, code, facts }) => [key, code, rounded(facts)]),
      LARGE_FACTS,
    )
  })

  it('are decided by the load, or by what allows no less or no more', () => {
    const codes = (load: Partial<Load>, shape: Partial<Shape>, stated = {}) =>
      Object.fromEntries(
        size(loadOf(load), { ...DAILY, ...shape }, DEFAULT_COEFFICIENTS, stated).map(({ key, code }) => [key, code]),
      )
    const wide = codes({ peakEventsPerSecond: 400_000, eventsPerCall: 5, stateDays: 3650 }, {})
    assert.equal(wide['api.replicas'], 'load')
    assert.equal(wide['api.maxReplicas'], 'load')
    assert.equal(wide['workers.replicas'], 'load')
    assert.equal(wide['runtime.PULSAR_PARTITIONS'], 'even')
    assert.equal(wide['bookkeeper.replicas'], 'cheapest')
    assert.equal(wide['runtime.ELASTIC_STATE_SHARDS'], 'largest')
    const narrow = codes({ peakEventsPerSecond: 900_000 }, { bulkSize: 10 })
    assert.equal(narrow['workers.replicas'], 'largest')
    assert.equal(narrow['workers.maxReplicas'], 'largest')
    const small = codes({ peakEventsPerSecond: 100, retentionDays: 7 }, {})
    assert.equal(small['elasticsearch.dataNodes'], 'smallest')
    assert.equal(small['elasticsearch.cpuMillicores'], 'smallest')
    assert.equal(small['elasticsearch.heapGib'], 'smallest')
    assert.equal(small['runtime.PULSAR_PARTITIONS'], 'smallest')
    assert.equal(codes({}, {}, { 'workers.replicas': 1 })['workers.minReplicas'], 'peak')
    assert.equal(codes({}, {}, { 'elasticsearch.dataGib': 16_000 })['elasticsearch.heapGib'], 'largest')
    assert.equal(codes({ queriesPerSecond: 5000 }, {})['elasticsearch.cpuMillicores'], 'load')
    assert.equal(codes({ peakEventsPerSecond: 4000, retentionDays: 30 }, {})['runtime.ELASTIC_INDEX_SHARDS'], 'even')
  })

  it('are whole numbers, not below the floor, for every load', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const derived = size(load, shape)
        const kept = load.retentionDays + PERIOD_DAYS[shape.eventPartitioning]
        const warm = load.warmTier && kept > load.hotDays + PERIOD_DAYS[shape.eventPartitioning] + 1
        assert.deepEqual(
          derived.map(({ key }) => key),
          warm ? SIZED_KEYS : KEYS,
        )
        for (const { key, value, facts, reason } of derived) {
          const units = key.endsWith('eapGib') ? value * 4 : value
          assert.ok(Number.isSafeInteger(units) && value >= 1, `${key} is ${value}`)
          assert.doesNotMatch(reason, /NaN|Infinity|∞|undefined/)
          assert.ok(Object.values(facts).every(Number.isFinite) && Object.keys(facts).length > 0, key)
        }
        const sizes = valuesOf(derived)
        assert.ok(sizes['api.replicas'] >= shape.floor.apiReplicas)
        assert.ok(sizes['workers.replicas'] >= shape.floor.workerReplicas)
        assert.ok(sizes['broker.replicas'] >= shape.floor.brokers)
        assert.ok(sizes['bookkeeper.replicas'] >= shape.floor.bookies)
        assert.ok(sizes['elasticsearch.dataNodes'] >= shape.floor.dataNodes)
      }),
    )
  })

  it('stay within the limits of the servers', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const sizes = valuesOf(size(load, shape))
        assert.ok(sizes['runtime.PULSAR_PARTITIONS'] >= 10 && sizes['runtime.PULSAR_PARTITIONS'] <= 1000)
        assert.ok(sizes['runtime.PULSAR_PARTITIONS'] >= 2 * sizes['workers.replicas'])
        assert.ok(sizes['runtime.ELASTIC_INDEX_SHARDS'] <= 1024)
        assert.ok(sizes['elasticsearch.heapGib'] >= 2 && sizes['elasticsearch.heapGib'] <= 31)
        assert.ok(sizes['elasticsearch.dataGib'] <= DEFAULT_COEFFICIENTS.maxDataGib)
        assert.ok(sizes['bookkeeper.ledgersGib'] <= DEFAULT_COEFFICIENTS.maxLedgersGib)
      }),
    )
  })
})

describe('the sizes of Pulsar', () => {
  const assertWords = sentencesOf(REASONS)

  it('let one bookie be down, and give each zone as many', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const bookies = valuesOf(size(load, shape))['bookkeeper.replicas']
        const dev = shape.zones === 1 && shape.writeQuorum === 1 && shape.floor.bookies === 1
        assert.ok(bookies >= shape.writeQuorum + (dev ? 0 : 1))
        assert.equal(bookies % shape.zones, 0)
      }),
    )
  })

  it('hold the backlog on the ledger disks of all bookies but one', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const sizes = valuesOf(size(load, shape))
        const present = Math.max(1, sizes['bookkeeper.replicas'] - (shape.writeQuorum === 1 ? 0 : 1))
        const held = present * sizes['bookkeeper.ledgersGib'] * 1024 ** 3 * 0.7
        const events = load.peakEventsPerSecond * load.backlogHours * 3600
        const bytes = events * (load.eventBytes + 350) * queuedRatio(load, shape)
        assert.ok(held >= bytes * shape.writeQuorum * (1 - 1e-6))
      }),
    )
  })

  it('hold next to the backlog what is kept of what is acknowledged, and give that no more room than there is', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const sizes = valuesOf(size(load, shape))
        const present = Math.max(1, sizes['bookkeeper.replicas'] - (shape.writeQuorum === 1 ? 0 : 1))
        const room = present * sizes['bookkeeper.ledgersGib'] * 0.7
        const gib = sizes['runtime.PULSAR_RETENTION_SIZE_GIB']
        const meanHours = Math.ceil(shape.retentionHours / 24) * 24 * load.meanToPeak
        const hours = load.backlogHours + Math.min(shape.retentionHours, meanHours)
        const bytes = load.peakEventsPerSecond * hours * 3600 * (load.eventBytes + 350) * queuedRatio(load, shape)
        assert.ok(gib * shape.writeQuorum <= room, `${gib} GiB in ${room}`)
        assert.ok(gib * 1024 ** 3 >= Math.min(bytes, (room / shape.writeQuorum - 1) * 1024 ** 3) * (1 - 1e-6))
      }),
    )
  })

  it('are smaller where nothing is kept, and fit the disks that a stack states', () => {
    const none = valuesOf(size(MEDIUM, { ...PRODUCTION, retentionHours: 0 }))
    assert.deepEqual([none['bookkeeper.ledgersGib'], none['runtime.PULSAR_RETENTION_SIZE_GIB']], [195, 227])
    const stated = { 'bookkeeper.ledgersGib': 100, 'bookkeeper.replicas': 6 }
    const fitting = valuesOf(size(MEDIUM, PRODUCTION, DEFAULT_COEFFICIENTS, stated))
    assert.equal(fitting['runtime.PULSAR_RETENTION_SIZE_GIB'], 116)
  })

  it('hold only what is not yet in the object store, where there is one, and let Pulsar keep all of it', () => {
    const of = (offloadHours?: number) =>
      size(MEDIUM, { ...PRODUCTION, retentionHours: 168, ...(offloadHours === undefined ? {} : { offloadHours }) })
    const disk = (offloadHours?: number) => valuesOf(of(offloadHours))['bookkeeper.ledgersGib']
    const kept = (offloadHours?: number) => valuesOf(of(offloadHours))['runtime.PULSAR_RETENTION_SIZE_GIB']
    assert.deepEqual([disk(), disk(5), disk(24)], [654, 93, 222])
    // Never more than without, and the size at which Pulsar would delete early is not that of the disks.
    assert.equal(disk(10_000), disk())
    assert.equal(disk(Number.POSITIVE_INFINITY), disk())
    assert.deepEqual([kept(), kept(5), kept(Number.POSITIVE_INFINITY)], [763, 1652, 1652])
    const { facts, reason } = whyOf(of(5), 'bookkeeper.ledgersGib')
    assert.equal(facts['bookieHours'], 9)
    assert.match(reason, /, of which 9 until ledgers are only in the object store, and 4 until ledgers are deleted,/)
    assert.match(reasonOf(of(5), 'runtime.PULSAR_RETENTION_SIZE_GIB'), /; the object store has the rest of it$/)
  })

  it('have the brokers that carry the peak after the loss of one, or of a zone, where that is asked', () => {
    const brokers = (given: Partial<Load>) =>
      valuesOf(size(loadOf({ peakEventsPerSecond: 250_000, eventsPerCall: 50, ...given }), PRODUCTION))[
        'broker.replicas'
      ]
    // 104 MB/s are 1.3 brokers at their limit: three at 60 %, and two remain of three.
    assert.equal(brokers({ surviveNode: false, surviveZone: false }), 3)
    assert.equal(brokers({}), 3)
    // At 600,000/s six are needed at 60 %; four must remain at 90 %, and a zone takes two of five or six.
    assert.equal(brokers({ peakEventsPerSecond: 600_000, surviveNode: false, surviveZone: false }), 6)
    assert.equal(brokers({ peakEventsPerSecond: 500_000, surviveZone: false }), 5)
    assert.equal(brokers({ peakEventsPerSecond: 500_000 }), 5)
  })

  it('count several messages for a call that does not fit in one', () => {
    const load = loadOf({ peakEventsPerSecond: 100_000, eventsPerCall: 50 })
    const { facts } = whyOf(size(load, { ...PRODUCTION, messageMaxEvents: 20 }), 'broker.replicas')
    assert.equal(facts['messagesPerSecond'], 7000)
  })

  it('have partitions that the usual numbers of brokers divide', () => {
    const peaks = [100, 50_000, 200_000, 400_000, 1_000_000]
    const partitions = peaks.map((peakEventsPerSecond) => {
      const sizes = valuesOf(size(loadOf({ peakEventsPerSecond, eventsPerCall: 50 }), PRODUCTION))
      return [sizes['workers.replicas'], sizes['broker.replicas'], sizes['runtime.PULSAR_PARTITIONS']]
    })
    assert.deepEqual(partitions, [
      [2, 2, 10],
      [6, 2, 12],
      [21, 3, 48],
      [42, 5, 84],
      [102, 9, 240],
    ])
  })

  it('never have more workers than partitions give work to, and report what helps', () => {
    const sizes = size(loadOf({ peakEventsPerSecond: 1_000_000 }), { ...PRODUCTION, bulkSize: 10 })
    assert.equal(valuesOf(sizes)['workers.replicas'], 500)
    assert.equal(valuesOf(sizes)['runtime.PULSAR_PARTITIONS'], 1000)
    const { code, facts } = whyOf(sizes, 'workers.replicas')
    assert.deepEqual([code, facts['needed']], ['largest', 5351])
    assertWords([reasonOf(sizes, 'workers.replicas')])
  })

  it('have at most the partitions that Pulsar is given, also for a floor beyond them', () => {
    const shape = { ...PRODUCTION, floor: { ...PRODUCTION.floor, workerReplicas: 600 } }
    const sizes = size(MEDIUM, shape)
    assert.equal(valuesOf(sizes)['runtime.PULSAR_PARTITIONS'], 1000)
    const { code, facts } = whyOf(sizes, 'runtime.PULSAR_PARTITIONS')
    assert.deepEqual([code, facts], ['largest', { workers: 600, brokers: 2, needed: 1200 }])
    assertWords([reasonOf(sizes, 'runtime.PULSAR_PARTITIONS')])
  })
})

describe('the sizes of Elasticsearch', () => {
  const assertWords = sentencesOf(REASONS)

  it('have a node for each copy of a shard, and as many in each zone', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const nodes = valuesOf(size(load, shape))['elasticsearch.dataNodes']
        assert.ok(nodes >= shape.indexReplicas + 1)
        assert.equal(nodes % shape.zones, 0)
      }),
    )
  })

  it('hold what is kept under the low watermark', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        for (const { nodes, gib, bytes } of groupsOf(load, shape, valuesOf(size(load, shape))))
          assert.ok(bytes / (nodes * gib * 1024 ** 3) <= 0.75 * (1 + 1e-6))
      }),
    )
  })

  it('keep the shards of all indices within what the nodes may hold', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const sizes = valuesOf(size(load, shape))
        const indices = Math.ceil(load.retentionDays / PERIOD_DAYS[shape.eventPartitioning]) + 3
        const shards = indices * sizes['runtime.ELASTIC_INDEX_SHARDS'] * (1 + shape.indexReplicas)
        assert.ok(shards <= 1000 * (sizes['elasticsearch.dataNodes'] + (sizes['elasticsearch.warmNodes'] ?? 0)))
      }),
    )
  })

  it('have shards of 10 to 50 GB, fewer only for the rate and more only at the limit of an index', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const shards = valuesOf(size(load, shape))['runtime.ELASTIC_INDEX_SHARDS']
        const mean = load.peakEventsPerSecond * load.meanToPeak
        const days = PERIOD_DAYS[shape.eventPartitioning]
        const c = DEFAULT_COEFFICIENTS
        const bytes = mean * 86_400 * days * (load.eventBytes + c.overheadBytesPerEvent) * c.storedBytesPerEventByte
        if (shards < 1024) assert.ok(bytes / shards <= 50e9)
        const events = load.peakEventsPerSecond * ((210 + load.eventBytes) / 860 + 0.7 / load.eventsPerCall)
        const factor = load.catchUpHours === 0 ? 1 : (load.meanToPeak + load.backlogHours / load.catchUpHours) / 1.5
        const busy = (events * Math.max(1, factor) * (1 + shape.indexReplicas)) / 6000 + load.queriesPerSecond / 20
        const indexingNodes = Math.ceil(busy / 1.2 - 1e-6)
        if (shards > Math.max(1, indexingNodes)) assert.ok(bytes / shards >= 10e9)
      }),
    )
  })

  it('have one shard for a small index, and one for each node that must index', () => {
    const shape: Shape = { ...PRODUCTION, eventPartitioning: 'day' }
    const shards = (load: Load) => valuesOf(size(load, shape))['runtime.ELASTIC_INDEX_SHARDS']
    assert.equal(shards(loadOf({ peakEventsPerSecond: 3 })), 1)
    assert.equal(shards(loadOf({ peakEventsPerSecond: 250 })), 1)
    assert.equal(shards(loadOf({ peakEventsPerSecond: 20_000, meanToPeak: 0.01 })), 6)
  })

  it('report when an index cannot have the shards that it needs', () => {
    const load = loadOf({ peakEventsPerSecond: 200_000, meanToPeak: 1 })
    const sizes = size(load, PRODUCTION)
    assert.equal(valuesOf(sizes)['runtime.ELASTIC_INDEX_SHARDS'], 1024)
    const { code, facts } = whyOf(sizes, 'runtime.ELASTIC_INDEX_SHARDS')
    assert.deepEqual([code, facts['needed']], ['largest', 14_285])
    assertWords([reasonOf(sizes, 'runtime.ELASTIC_INDEX_SHARDS')])
  })

  it('have more nodes where the shards of many indices would not fit', () => {
    const load = loadOf({ peakEventsPerSecond: 1, retentionDays: 3650 })
    const sizes = valuesOf(size(load, { ...DEV, eventPartitioning: 'day' }))
    assert.deepEqual([sizes['elasticsearch.dataNodes'], sizes['elasticsearch.heapGib']], [5, 2.5])
  })
})

describe('the sizes of what is kept', () => {
  const load = loadOf({ peakEventsPerSecond: 20_000, retentionDays: 30 })
  const sized = (given: Partial<Shape>) => size(load, { ...DAILY, ...given })

  it('have sessions and profiles of the days that are planned for, or of those after which they are deleted', () => {
    const shards = (given: Partial<Shape>) => valuesOf(sized(given))['runtime.ELASTIC_STATE_SHARDS']
    assert.deepEqual(
      [shards({}), shards({ sessionRetentionDays: 29 }), shards({ profileRetentionDays: 225 })],
      [83, 28, 83],
    )
    assert.equal(shards({ sessionRetentionDays: 29, profileRetentionDays: 225 }), 83)
    const expiring = sized({ sessionRetentionDays: 29, profileRetentionDays: 30 })
    const { sessionDays, profileDays } = whyOf(expiring, 'runtime.ELASTIC_STATE_SHARDS').facts
    const { stateBytes } = whyOf(expiring, 'elasticsearch.dataGib').facts
    assert.deepEqual([sessionDays, profileDays, stateBytes], [30, 60, 2_322_432_000_000])
  })

  it('have messages as they are compressed, the better the more events one has', () => {
    const bytes = (eventsPerCall: number) =>
      rounded(whyOf(size({ ...load, eventsPerCall }, DAILY), 'broker.replicas').facts)['bytesPerSecond']
    assert.deepEqual([1, 10, 100].map(bytes), [28_800_000, 9_504_000, 8_145_000])
  })

  it('have a disk of ZooKeeper that holds the metadata of millions of ledgers', () => {
    const disk = (given: Partial<Load>) =>
      valuesOf(size({ ...load, ...given }, DAILY, readCoefficients({ queuedBytesPerByte: 1 })))['zookeeper.diskGib']
    assert.equal(disk({}), 20)
    assert.equal(disk({ peakEventsPerSecond: 1_000_000, eventBytes: 2500, backlogHours: 72 }), 24)
  })

  it('have a bookie whose memory follows its ledgers', () => {
    const memory = (gib: number) =>
      valuesOf(size(load, DAILY, DEFAULT_COEFFICIENTS, { 'bookkeeper.ledgersGib': gib }))['bookkeeper.memoryMib']
    assert.deepEqual([memory(100), memory(3072), memory(4000)], [4096, 4096, 5120])
  })
})

describe('warm nodes', () => {
  const assertWords = sentencesOf(REASONS)
  const load = loadOf({ peakEventsPerSecond: 20_000, retentionDays: 90, warmTier: true })
  const sized = (given: Partial<Load> = {}, stated = {}) =>
    valuesOf(size({ ...load, ...given }, DAILY, DEFAULT_COEFFICIENTS, stated))

  it('hold what is older than the hot days, with more disk for their memory', () => {
    const { 'elasticsearch.dataNodes': hot, 'elasticsearch.warmNodes': warm, ...sizes } = sized()
    assert.deepEqual([hot, sizes['elasticsearch.dataGib'], sizes['elasticsearch.heapGib']], [12, 2138, 24.5])
    assert.deepEqual([warm, sizes['elasticsearch.warmGib'], sizes['elasticsearch.warmHeapGib']], [36, 3891, 13.25])
    assert.equal(sizes['elasticsearch.warmCpuMillicores'], 3350)
    const keys = SIZED_KEYS.filter(isWarm)
    assert.deepEqual(
      keys.map((key) => [whyOf(size(load, DAILY), key).code, rounded(whyOf(size(load, DAILY), key).facts)]),
      [
        ['cheapest', { bytes: 9.069e13, mostGib: 4096, least: 3 }],
        ['memory', { coresByLoad: 0, coresByMemory: 3.313, nodes: 36 }],
        ['load', { diskGib: 3891, diskPerMemory: 160, indices: 93, needed: 13.25 }],
        ['load', { bytesPerDay: 5.53e11, eventDays: 82, eventBytes: 9.069e13, stateBytes: 0, nodes: 36, needed: 3891 }],
      ],
    )
    assertWords(keys.map((key) => reasonOf(size(load, DAILY), key)))
  })

  it('need a third less for one replica where the data nodes have two', () => {
    const bytesWith = (warmReplicas: number) => {
      const shape = { ...DAILY, indexReplicas: 2, warmReplicas }
      const count = whyOf(size(load, shape), 'elasticsearch.warmNodes')
      return rounded(count.facts).bytes
    }
    assert.deepEqual([bytesWith(2), bytesWith(1)], [1.36e14, 9.069e13])
  })

  it('are none where all events are young enough', () => {
    assert.equal(sized({ retentionDays: 8 })['elasticsearch.warmNodes'], undefined)
    assert.equal(sized({ retentionDays: 9 })['elasticsearch.warmNodes'], 3)
  })

  it('follow what is stated of them', () => {
    const sizes = sized({}, { 'elasticsearch.warmNodes': 60, 'elasticsearch.warmHeapGib': 20 })
    assert.deepEqual(
      [sizes['elasticsearch.warmNodes'], sizes['elasticsearch.warmGib'], sizes['elasticsearch.warmCpuMillicores']],
      [36, 2409, 5000],
    )
  })
})

describe('what follows from a stated number', () => {
  it('is derived from that, while the model still returns its own', () => {
    const stated = {
      'workers.replicas': 40,
      'bookkeeper.replicas': 11,
      'elasticsearch.dataNodes': 60,
      'elasticsearch.dataGib': 900,
    }
    const own = valuesOf(size(MEDIUM, PRODUCTION))
    const sizes = valuesOf(size(MEDIUM, PRODUCTION, DEFAULT_COEFFICIENTS, stated))
    assert.equal(sizes['workers.replicas'], own['workers.replicas'])
    assert.equal(sizes['workers.maxReplicas'], 60)
    assert.equal(sizes['runtime.PULSAR_PARTITIONS'], 84)
    assert.ok(sizes['bookkeeper.ledgersGib'] < own['bookkeeper.ledgersGib'])
    assert.equal(sizes['elasticsearch.dataGib'], 1008)
    assert.equal(sizes['elasticsearch.heapGib'], 4.75)
    // That many nodes with the stated disks would hold it.
    assert.equal(sizes['elasticsearch.dataNodes'], 69)
  })

  it('has an answer however small what is stated is', () => {
    const small = { 'elasticsearch.heapGib': 1, 'elasticsearch.dataGib': 1, 'elasticsearch.cpuMillicores': 50 }
    const sizes = valuesOf(size(SMALL, DEV, DEFAULT_COEFFICIENTS, { ...small, 'bookkeeper.ledgersGib': 1 }))
    assert.deepEqual([sizes['elasticsearch.dataNodes'], sizes['bookkeeper.replicas']], [8, 8])
  })

  it('is as without it where no data nodes are stated, as the masters hold the data then', () => {
    const stated = { 'elasticsearch.dataNodes': 0 }
    assert.deepEqual(size(SMALL, DEV, DEFAULT_COEFFICIENTS, stated), size(SMALL, DEV))
  })
})

describe('the loss that a stack is to survive', () => {
  /** How full the low watermark lets a disk be: 85 %, or all but 200 GB. */
  const watermark = (diskBytes: number) => Math.max(diskBytes * 0.85, diskBytes - 200e9)

  it('leaves disks of data nodes under the low watermark when all copies are made again', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        if (shape.indexReplicas === 0) return
        const copies = 1 + shape.indexReplicas
        for (const { nodes, gib, bytes } of groupsOf(load, shape, valuesOf(size(load, shape)))) {
          const fits = (left: number, remade: number) =>
            (bytes * remade) / copies / left / 0.95 <= watermark(gib * 1024 ** 3) * (1 + 1e-6)
          if (load.surviveNode) assert.ok(fits(nodes - 1, Math.min(copies, nodes - 1)))
          if (load.surviveZone && shape.zones > 1) {
            const left = (nodes * (shape.zones - 1)) / shape.zones
            assert.ok(fits(left, Math.min(copies, (shape.zones - 1) * Math.ceil(copies / shape.zones))))
          }
        }
      }),
    )
  })

  it('leaves as much CPU of data nodes as indexing and searches need', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        if (shape.indexReplicas === 0 || !load.surviveZone || shape.zones === 1) return
        const sizes = valuesOf(size({ ...load, catchUpHours: 0 }, shape))
        const weight = (210 + load.eventBytes) / 860
        const events = load.peakEventsPerSecond * (weight + 0.7 / load.eventsPerCall)
        const copies = 1 + shape.indexReplicas
        const remade = Math.min(copies, (shape.zones - 1) * Math.ceil(copies / shape.zones))
        const busy = (events * copies) / 6000 + load.queriesPerSecond / 20
        const left = (sizes['elasticsearch.dataNodes'] * (shape.zones - 1)) / shape.zones
        const cores = (left * sizes['elasticsearch.cpuMillicores']) / 1000
        assert.ok((busy * remade) / copies <= cores * 0.9 * (1 + 1e-6))
      }),
    )
  })

  it('costs disk, which is the reason why it is asked', () => {
    const load = { peakEventsPerSecond: 2000, retentionDays: 30 }
    const gib = (given: Partial<Load>, shape = DAILY) => {
      const sizes = valuesOf(size(loadOf({ ...load, ...given }), shape))
      return sizes['elasticsearch.dataNodes'] * sizes['elasticsearch.dataGib']
    }
    assert.deepEqual(
      [gib({}), gib({ surviveZone: false }), gib({ surviveNode: false, surviveZone: false })],
      [6480, 5229, 5001],
    )
    // With three copies in three zones none is made again in the zones that remain.
    assert.equal(gib({}, { ...DAILY, indexReplicas: 2 }), 7500)
  })
})

describe('the shape of data nodes', () => {
  const nodesOf = (given: Partial<Load>, stated = {}) => {
    const sizes = valuesOf(size(loadOf(given), DAILY, DEFAULT_COEFFICIENTS, stated))
    return [
      sizes['elasticsearch.dataNodes'],
      sizes['elasticsearch.dataGib'],
      sizes['elasticsearch.heapGib'],
      sizes['elasticsearch.cpuMillicores'],
    ]
  }

  it('has memory by the age of the data: the same disk wants less when most of it is old', () => {
    const load = { peakEventsPerSecond: 2000, retentionDays: 30 }
    assert.deepEqual(nodesOf({ ...load, hotDays: 30 })[2], 18.75)
    assert.deepEqual(nodesOf({ ...load, hotDays: 1 })[2], 9.5)
  })

  it('has the cores that its memory brings, and more where indexing or searches need them', () => {
    const load = { peakEventsPerSecond: 2000, retentionDays: 30 }
    const [, , heapGib, millicores] = nodesOf(load) as [number, number, number, number]
    assert.equal(millicores, Math.ceil(((heapGib * 2) / 8) * 20) * 50)
    assert.ok((nodesOf({ ...load, queriesPerSecond: 500 })[3] as number) > millicores)
  })

  it('follows the CPU that the stack states: with more of it fewer nodes carry the same', () => {
    const load = { peakEventsPerSecond: 200_000, eventsPerCall: 1, retentionDays: 1, stateDays: 1, hotDays: 1 }
    const [two] = nodesOf(load, { 'elasticsearch.cpuMillicores': 2000 })
    const [eight] = nodesOf(load, { 'elasticsearch.cpuMillicores': 8000 })
    assert.deepEqual([two, eight], [105, 27])
  })

  it('is cheaper by no cliff: one event a second more never doubles the disks', () => {
    const gib = (peakEventsPerSecond: number) => {
      const [nodes, each] = nodesOf({ peakEventsPerSecond, retentionDays: 30 }) as [number, number]
      return nodes * each
    }
    const peaks = Array.from({ length: 200 }, (_, step) => 1200 + step)
    for (const peak of peaks) assert.ok(gib(peak + 1) <= gib(peak) * 1.02, `${gib(peak)}, ${gib(peak + 1)}`)
  })
})

describe('what a full backlog needs to be stored in time', () => {
  it('is workers and data nodes for the rate of catching up next to the mean load', () => {
    const load = loadOf({ peakEventsPerSecond: 100_000, eventsPerCall: 50, retentionDays: 7 })
    const workers = (catchUpHours: number) => valuesOf(size({ ...load, catchUpHours }, DAILY))['workers.replicas']
    // 24 h of backlog in 24 h next to 0.4 of the peak are 1.4 of it at 90 %, as much as 0.93 at 60 %.
    assert.deepEqual([workers(0), workers(24), workers(12)], [11, 11, 17])
  })
})
