import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_COEFFICIENTS } from '../../../infra/sizing/coefficients.ts'
import type { Load, Shape } from '../../../infra/sizing/load.ts'
import { type SizedKey, shortfalls, size } from '../../../infra/sizing/model.ts'
import { anyLoad, anyShape, DEV, loadOf, PRODUCTION, reasonOf, valuesOf } from './cases.ts'

const KEYS: readonly SizedKey[] = [
  'api.replicas',
  'workers.replicas',
  'runtime.PULSAR_PARTITIONS',
  'broker.replicas',
  'bookkeeper.replicas',
  'bookkeeper.journalGib',
  'bookkeeper.ledgersGib',
  'runtime.PULSAR_RETENTION_SIZE_GIB',
  'elasticsearch.dataNodes',
  'elasticsearch.heapGib',
  'elasticsearch.dataGib',
  'runtime.ELASTIC_INDEX_SHARDS',
]

const SMALL = loadOf({ peakEventsPerSecond: 100, retentionDays: 7, meanToPeak: 0.2 })
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
  { name: '100 events/s on one machine', load: SMALL, shape: DEV, sizes: [1, 1, 10, 1, 1, 20, 17, 11, 1, 2, 66, 2] },
  {
    name: '100 events/s in production',
    load: SMALL,
    shape: PRODUCTION,
    sizes: [10, 2, 10, 2, 6, 20, 11, 11, 3, 2, 44, 2],
  },
  {
    name: '5,000 events/s in production',
    load: MEDIUM,
    shape: PRODUCTION,
    sizes: [10, 2, 10, 2, 6, 20, 584, 609, 24, 30, 1800, 143],
  },
  {
    name: '50,000 events/s in production, an index a day',
    load: LARGE,
    shape: DAILY,
    sizes: [10, 6, 12, 3, 9, 20, 4096, 5723, 60, 30, 1800, 47],
  },
]

/** Of 50,000 events/s in production, an index a day. */
const REASONS: readonly string[] = [
  '10: peak 50,000 events/s in calls of 50 are 1,000 calls/s; one replica carries 231 calls/s, 11,538 events/s, at 60 % (2,600 µs a call), so the load needs 5; the environment starts at 10',
  '6: peak 50,000 events/s with their sessions and profiles count as 52,000 documents/s; one worker carries 10,000/s at 60 % (bulks of 500, 33.3 a second, at most 35,000/s), so the load needs 6',
  '12: at least 2 for each of 6 workers, 4 for each of 3 brokers and 10 in all are 12',
  '3: 1,000 messages/s of together 50.8 MB/s; one broker carries 6,000 messages/s and 48 MB/s at 60 %, so the load needs 2, and one more so that one may be lost',
  '9: 50.8 MB/s in 3 copies ask for 5 at 36 MB/s (60 % of 60 MB/s); a backlog and what is kept of 20.6 TB ask for 7 with disks of 4,096 GiB at most, and one more may be down; at least 6 for 3 copies in 3 zones, as many in each',
  '20: 8 journal files of 2,048 MiB are 16 GiB, which fill 80 %, whatever the load',
  '4,096: 24 hours of backlog, 24 hours of what is acknowledged, as much as 9.6 at peak, and 4 until acknowledged messages are deleted, of 50.8 MB/s in 3 copies are 20.6 TB, over 6.7 bookies 3.08 TB each, which fill 70 %; never less than 10',
  '5,723: 24 hours of backlog and 24 hours of what is acknowledged, as much as 9.6 at peak, are 6.14 TB before copies; the ledger disks have room for 6,404 GiB in 3 copies',
  '60: peak 50,000 events/s with their sessions and profiles count as 52,000 documents/s, in 2 copies they ask for 15 nodes at 7,200/s (60 %); 85.7 TB kept ask for 60 with disks of 1,800 GiB at most, 3,102 shards for 4 at 800 a node; at least 3 for the copies in 3 zones, as many in each',
  '30: half of the memory that a disk of 1,800 GiB wants at 1:30 is 30 GiB, and 33 indices want 1.01; 2 at least, 31 at most, so that pointers stay compressed',
  '1,800: 1.38 TB a day at 40 % of the peak, kept for 31 days (30 and the day of the index) in 2 copies are 85.7 TB, over 59.1 nodes 1.45 TB each, which fill 75 %; never less than 10',
  '47: a day at mean rate is 1.38 TB, for which shards of 30 GB are 47; the rate needs 15 indexing nodes; a shard reaches 29.4 GB',
]

describe('the sizes of a stack', () => {
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
      [...['pods', 'pods', 'partitions', 'pods', 'pods', 'GiB', 'GiB'], ...['GiB', 'nodes', 'GiB', 'GiB', 'shards']],
    )
    assert.deepEqual(
      derived.map(({ reason }) => reason),
      REASONS,
    )
  })

  it('are whole numbers, not below the floor, for every load', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const derived = size(load, shape)
        assert.deepEqual(
          derived.map(({ key }) => key),
          KEYS,
        )
        for (const { key, value, reason } of derived) {
          assert.ok(Number.isSafeInteger(value) && value >= 1, `${key} is ${value}`)
          assert.doesNotMatch(reason, /NaN|Infinity|∞|undefined/)
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

  it('never fall when the peak rises', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, fc.integer({ min: 1, max: 1_000_000 }), (load, shape, otherPeak) => {
        const [low, high] = [load.peakEventsPerSecond, otherPeak].sort((a, b) => a - b) as [number, number]
        const less = valuesOf(size({ ...load, peakEventsPerSecond: low }, shape))
        const more = valuesOf(size({ ...load, peakEventsPerSecond: high }, shape))
        for (const key of KEYS)
          assert.ok(less[key] <= more[key], `${key}: ${less[key]} at ${low}, ${more[key]} at ${high}`)
      }),
      { numRuns: 500 },
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
        assert.ok(held >= events * (load.eventBytes + 350) * shape.writeQuorum * (1 - 1e-6))
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
        const bytes = load.peakEventsPerSecond * hours * 3600 * (load.eventBytes + 350)
        assert.ok(gib * shape.writeQuorum <= room, `${gib} GiB in ${room}`)
        assert.ok(gib * 1024 ** 3 >= Math.min(bytes, (room / shape.writeQuorum - 1) * 1024 ** 3) * (1 - 1e-6))
      }),
    )
  })

  it('never fall when more is kept', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, fc.integer({ min: 0, max: 8760 }), (load, shape, other) => {
        const [low, high] = [shape.retentionHours, other].sort((a, b) => a - b) as [number, number]
        const less = valuesOf(size(load, { ...shape, retentionHours: low }))
        const more = valuesOf(size(load, { ...shape, retentionHours: high }))
        for (const key of KEYS) assert.ok(less[key] <= more[key], `${key}: ${less[key]}, ${more[key]}`)
      }),
    )
  })

  it('are smaller where nothing is kept, and fit the disks that a stack states', () => {
    const none = valuesOf(size(MEDIUM, { ...PRODUCTION, retentionHours: 0 }))
    assert.deepEqual([none['bookkeeper.ledgersGib'], none['runtime.PULSAR_RETENTION_SIZE_GIB']], [435, 435])
    const stated = { 'bookkeeper.ledgersGib': 100 }
    const fitting = valuesOf(size(MEDIUM, PRODUCTION, DEFAULT_COEFFICIENTS, stated))
    assert.equal(fitting['runtime.PULSAR_RETENTION_SIZE_GIB'], 116)
  })

  it('have one broker more than the load needs where the environment starts at two', () => {
    const load = loadOf({ peakEventsPerSecond: 100_000, eventsPerCall: 50 })
    const one = { ...PRODUCTION, floor: { ...PRODUCTION.floor, brokers: 1 } }
    assert.equal(valuesOf(size(load, one))['broker.replicas'], 3)
    assert.equal(valuesOf(size(load, PRODUCTION))['broker.replicas'], 4)
  })

  it('count several messages for a call that does not fit in one', () => {
    const load = loadOf({ peakEventsPerSecond: 100_000, eventsPerCall: 50 })
    const reason = reasonOf(size(load, { ...PRODUCTION, messageMaxEvents: 20 }), 'broker.replicas')
    assert.match(reason ?? '', /6,000 messages\/s of together/)
  })

  it('have partitions that the usual numbers of brokers divide', () => {
    const peaks = [100, 50_000, 200_000, 400_000, 1_000_000]
    const partitions = peaks.map((peakEventsPerSecond) => {
      const sizes = valuesOf(size(loadOf({ peakEventsPerSecond, eventsPerCall: 50 }), PRODUCTION))
      return [sizes['workers.replicas'], sizes['broker.replicas'], sizes['runtime.PULSAR_PARTITIONS']]
    })
    assert.deepEqual(partitions, [
      [2, 2, 10],
      [6, 3, 12],
      [21, 6, 48],
      [42, 10, 84],
      [104, 23, 240],
    ])
  })

  it('never have more workers than partitions give work to, and report what helps', () => {
    const sizes = size(loadOf({ peakEventsPerSecond: 1_000_000 }), { ...PRODUCTION, bulkSize: 10 })
    assert.equal(valuesOf(sizes)['workers.replicas'], 500)
    assert.equal(valuesOf(sizes)['runtime.PULSAR_PARTITIONS'], 1000)
    assert.match(
      reasonOf(sizes, 'workers.replicas') ?? '',
      /so the load needs 6,000, more than the 500 for which there can be partitions: raise BULK_SIZE$/,
    )
  })

  it('have at most the partitions that Pulsar is given, also for a floor beyond them', () => {
    const shape = { ...PRODUCTION, floor: { ...PRODUCTION.floor, workerReplicas: 600 } }
    const sizes = size(MEDIUM, shape)
    assert.equal(valuesOf(sizes)['runtime.PULSAR_PARTITIONS'], 1000)
    assert.match(reasonOf(sizes, 'runtime.PULSAR_PARTITIONS') ?? '', /are 1,200; 1,000 is the most$/)
  })
})

const PERIOD_DAYS = { day: 1, month: 31, quarter: 92, year: 366 }

describe('the sizes of Elasticsearch', () => {
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
        const sizes = valuesOf(size(load, shape))
        const room = sizes['elasticsearch.dataNodes'] * sizes['elasticsearch.dataGib'] * 1024 ** 3
        const days = load.retentionDays + PERIOD_DAYS[shape.eventPartitioning]
        const events = load.peakEventsPerSecond * load.meanToPeak * 86_400 * days
        const stored = events * (load.eventBytes + 350) * DEFAULT_COEFFICIENTS.storedBytesPerEventByte
        assert.ok((stored * (1 + shape.indexReplicas)) / room <= 0.75 * (1 + 1e-6))
      }),
    )
  })

  it('keep the shards of all indices within what the nodes may hold', () => {
    fc.assert(
      fc.property(anyLoad, anyShape, (load, shape) => {
        const sizes = valuesOf(size(load, shape))
        const indices = Math.ceil(load.retentionDays / PERIOD_DAYS[shape.eventPartitioning]) + 3
        const shards = indices * sizes['runtime.ELASTIC_INDEX_SHARDS'] * (1 + shape.indexReplicas)
        assert.ok(shards <= 1000 * sizes['elasticsearch.dataNodes'])
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
        const documents =
          load.peakEventsPerSecond * Math.max(1, load.eventBytes / 650) +
          (2 * load.peakEventsPerSecond) / load.eventsPerCall
        const indexingNodes = Math.ceil((documents * (1 + shape.indexReplicas)) / 7200)
        if (shards > Math.max(1, indexingNodes)) assert.ok(bytes / shards >= 10e9)
      }),
    )
  })

  it('have one shard for a small index, and one for each node that must index', () => {
    const shape: Shape = { ...PRODUCTION, eventPartitioning: 'day' }
    const shards = (load: Load) => valuesOf(size(load, shape))['runtime.ELASTIC_INDEX_SHARDS']
    assert.equal(shards(loadOf({ peakEventsPerSecond: 3 })), 1)
    assert.equal(shards(loadOf({ peakEventsPerSecond: 250 })), 1)
    assert.equal(shards(loadOf({ peakEventsPerSecond: 20_000, meanToPeak: 0.01 })), 7)
  })

  it('report when an index cannot have the shards that it needs', () => {
    const load = loadOf({ peakEventsPerSecond: 200_000, meanToPeak: 1 })
    const sizes = size(load, PRODUCTION)
    assert.equal(valuesOf(sizes)['runtime.ELASTIC_INDEX_SHARDS'], 1024)
    assert.match(
      reasonOf(sizes, 'runtime.ELASTIC_INDEX_SHARDS') ?? '',
      /are needed but 1,024 is the most of an index, too much: shorten EVENT_PARTITIONING$/,
    )
  })

  it('have more nodes where the shards of many indices would not fit', () => {
    const load = loadOf({ peakEventsPerSecond: 1, retentionDays: 3650 })
    const sizes = valuesOf(size(load, { ...DEV, eventPartitioning: 'day' }))
    assert.deepEqual([sizes['elasticsearch.dataNodes'], sizes['elasticsearch.heapGib']], [5, 3])
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
    assert.deepEqual(sizes, {
      ...own,
      'runtime.PULSAR_PARTITIONS': 84,
      'bookkeeper.ledgersGib': Math.ceil(own['bookkeeper.ledgersGib'] / 2),
      'elasticsearch.heapGib': 15,
      'elasticsearch.dataGib': sizes['elasticsearch.dataGib'],
    })
    assert.ok(sizes['elasticsearch.dataGib'] < own['elasticsearch.dataGib'])
  })

  it('is as without it where no data nodes are stated, as the masters hold the data then', () => {
    const stated = { 'elasticsearch.dataNodes': 0 }
    assert.deepEqual(size(SMALL, DEV, DEFAULT_COEFFICIENTS, stated), size(SMALL, DEV))
  })
})

describe('shortfalls', () => {
  const derived = size(LARGE, DAILY)

  it('are reported for each stated number that is less than the load needs', () => {
    const explicit = { 'workers.replicas': 5, 'broker.replicas': 3, 'bookkeeper.ledgersGib': 1000 }
    assert.deepEqual(shortfalls(explicit, derived), [
      `workers.replicas is 5 pods; the load needs ${reasonOf(derived, 'workers.replicas')}`,
      `bookkeeper.ledgersGib is 1,000 GiB; the load needs ${reasonOf(derived, 'bookkeeper.ledgersGib')}`,
    ])
  })

  it('are none for what is stated as the model has it, or not at all', () => {
    assert.deepEqual(shortfalls(valuesOf(derived), derived), [])
    assert.deepEqual(shortfalls({}, derived), [])
  })
})
