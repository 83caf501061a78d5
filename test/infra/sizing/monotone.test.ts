import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Coefficients, DEFAULT_COEFFICIENTS } from '../../../infra/sizing/coefficients.ts'
import type { Load, Shape } from '../../../infra/sizing/load.ts'
import { size } from '../../../infra/sizing/model.ts'
import type { SizedKey } from '../../../infra/sizing/question.ts'
import { anyLoad, anyShape, billOf, DEV, loadOf, valuesOf } from './cases.ts'

interface Case {
  readonly load: Load
  readonly shape: Shape
  readonly c: Coefficients
}

const MORE_HOT_DAYS = 'more hot days where all ages lie together'

/** For each input the same case with more of it; the factor is over 1. */
const LARGER: Readonly<Record<string, (of: Case, factor: number) => Case>> = {
  'a higher peak': more('peakEventsPerSecond'),
  'larger events': more('eventBytes'),
  'a higher mean': more('meanToPeak', 1),
  'a longer retention': more('retentionDays'),
  'a longer backlog': more('backlogHours'),
  'more days of sessions and profiles': more('stateDays'),
  // With warm nodes more hot days may leave nothing for them, and a whole group of nodes less to pay for.
  [MORE_HOT_DAYS]: more('hotDays'),
  'more searches': more('queriesPerSecond'),
  'fewer events a call': less('eventsPerCall'),
  'fewer events a session': less('eventsPerSession'),
  'fewer sessions a profile': less('sessionsPerProfile'),
  'slower servers': ({ load, shape, c }, factor) => ({
    load,
    shape,
    c: {
      ...c,
      apiMicrosPerCall: c.apiMicrosPerCall * factor,
      eventsPerSecondPerWorker: c.eventsPerSecondPerWorker / factor,
      messagesPerSecondPerBroker: c.messagesPerSecondPerBroker / factor,
      bookieBytesPerSecond: c.bookieBytesPerSecond / factor,
      eventsPerSecondPerDataNode: c.eventsPerSecondPerDataNode / factor,
    },
  }),
  'sessions and profiles that are kept for longer': ({ load, shape, c }, factor) => ({
    load,
    shape: {
      ...shape,
      sessionRetentionDays: Math.ceil(shape.sessionRetentionDays * factor),
      profileRetentionDays: Math.ceil(shape.profileRetentionDays * factor),
    },
    c,
  }),
  'messages that are compressed less': ({ load, shape, c }, factor) => ({
    load,
    shape,
    c: {
      ...c,
      queuedBytesPerByte: c.queuedBytesPerByte * factor,
      queuedBytesPerByteAlone: c.queuedBytesPerByteAlone * factor,
    },
  }),
  'more hours of acknowledged messages': ({ load, shape, c }, factor) => ({
    load,
    shape: { ...shape, retentionHours: Math.ceil(shape.retentionHours * factor) },
    c,
  }),
}

/** The same with more redundancy, where there can be more. */
const SAFER: Readonly<Record<string, (of: Case) => Case>> = {
  'the survival of a node': ({ load, ...rest }) => ({ ...rest, load: { ...load, surviveNode: true } }),
  'the survival of a zone': ({ load, ...rest }) => ({ ...rest, load: { ...load, surviveZone: true } }),
  'one copy more of each shard': ({ shape, ...rest }) => ({
    ...rest,
    shape: { ...shape, indexReplicas: shape.indexReplicas + 1 },
  }),
  'one copy more of each entry': ({ shape, ...rest }) => ({
    ...rest,
    shape: { ...shape, writeQuorum: shape.writeQuorum + 1 },
  }),
  'three zones instead of one': ({ shape, ...rest }) => ({
    ...rest,
    shape: { ...shape, zones: shape.zones === 1 ? 3 : shape.zones },
  }),
}

type Counted = { [K in keyof Load]: Load[K] extends number ? K : never }[keyof Load]

function more(key: Counted, most = Number.POSITIVE_INFINITY) {
  return ({ load, ...rest }: Case, factor: number): Case => {
    const raised = load[key] * factor
    return { ...rest, load: { ...load, [key]: Math.min(most, most === 1 ? raised : Math.ceil(raised)) } }
  }
}

function less(key: Counted) {
  return ({ load, ...rest }: Case, factor: number): Case => ({
    ...rest,
    load: { ...load, [key]: Math.max(1, load[key] / factor) },
  })
}

/** Small and large loads alike: a stack of more than 500 pods of a kind is refused, so those say nothing. */
const anyCase = fc
  .tuple(anyLoad, anyShape, fc.double({ min: 0, max: 5.5, noNaN: true }))
  .map(([load, shape, magnitude]): Case => {
    const spread = {
      peakEventsPerSecond: Math.ceil(10 ** magnitude),
      eventBytes: 50 + Math.ceil(load.eventBytes / 40),
      retentionDays: Math.ceil(load.retentionDays / 10),
      stateDays: Math.ceil(load.stateDays / 10),
    }
    return {
      load: { ...load, ...spread },
      shape: { ...shape, bulkSize: Math.max(50, shape.bulkSize) },
      c: DEFAULT_COEFFICIENTS,
    }
  })

const factor = fc.double({ min: 1.0001, max: 3, noNaN: true })

const COUNTS: readonly SizedKey[] = [
  'api.replicas',
  'workers.replicas',
  'runtime.PULSAR_PARTITIONS',
  'broker.replicas',
  'bookkeeper.replicas',
]

/** What a stack can have; see `infra/config/schema.ts`. */
const isStack = (values: Record<SizedKey, number>) =>
  [...COUNTS, 'elasticsearch.dataNodes' as const].every((key) => key.startsWith('runtime') || values[key] <= 500)

const sized = ({ load, shape, c }: Case, stated = {}) => valuesOf(size(load, shape, c, stated))

/** Heaps are whole quarters of a GiB and disks whole GiB, so that a bill may be a little higher than it need be. */
const ROUNDING = 0.02
/** Of all pairs together; the seed is printed when one fails. 20,000 take 40 seconds: `SIZING_PAIRS=20000`. */
const PAIRS = Number(process.env['SIZING_PAIRS'] ?? 3000)

describe('a stack never costs less, nor has fewer units, for', function () {
  this.timeout(60_000)
  const runs = { numRuns: Math.ceil(PAIRS / (Object.keys(LARGER).length + Object.keys(SAFER).length)) }

  for (const [what, larger] of Object.entries(LARGER)) {
    it(what, () => {
      fc.assert(
        fc.property(anyCase, factor, (any, by) => {
          const of = what === MORE_HOT_DAYS ? { ...any, load: { ...any.load, warmTier: false } } : any
          const [before, after] = [sized(of), sized(larger(of, by))]
          if (!isStack(before) || !isStack(after)) return
          const [cost, later] = [billOf(before, of.shape), billOf(after, of.shape)]
          assert.ok(later >= cost * (1 - ROUNDING), `${cost} USD, then ${later}`)
          for (const key of COUNTS) assert.ok(after[key] >= before[key], `${key}: ${before[key]}, then ${after[key]}`)
          // A running stack states the disks that it has.
          const stated = { 'elasticsearch.dataGib': before['elasticsearch.dataGib'] }
          const nodes = sized(larger(of, by), stated)['elasticsearch.dataNodes']
          const had = sized(of, stated)['elasticsearch.dataNodes']
          assert.ok(nodes >= had, `${had} data nodes with the same disks, then ${nodes}`)
        }),
        runs,
      )
    })
  }

  it('larger events, where a bookie becomes too large for one family of machines', () => {
    const bookies = (eventBytes: number) => {
      const alone = { eventsPerCall: 1, backlogHours: 1, surviveNode: false, surviveZone: false }
      const load = loadOf({ ...alone, peakEventsPerSecond: 2788, meanToPeak: 0.8486516160323359, eventBytes })
      const cores = { ...DEV.cores, bookie: 0.5 }
      return valuesOf(size(load, { ...DEV, writeQuorum: 2, retentionHours: 601, messageMaxEvents: 1, cores }))[
        'bookkeeper.replicas'
      ]
    }
    // At 111 bytes the cheapest would be 8 bookies of more than 2 GiB for each half of a core, were they priced by family.
    assert.deepEqual([52, 109, 111, 150].map(bookies), [9, 10, 10, 10])
  })

  for (const [what, safer] of Object.entries(SAFER)) {
    it(what, () => {
      fc.assert(
        fc.property(anyCase, (of) => {
          const safe = safer(of)
          const without = what.startsWith('the survival')
            ? { ...of, load: { ...safe.load, [what.endsWith('zone') ? 'surviveZone' : 'surviveNode']: false } }
            : of
          const [before, after] = [sized(without), sized(safe)]
          if (!isStack(before) || !isStack(after)) return
          const [cost, later] = [billOf(before, of.shape), billOf(after, of.shape)]
          assert.ok(later >= cost * (1 - ROUNDING), `${cost} USD, then ${later}`)
        }),
        runs,
      )
    })
  }
})

describe('a stack for 1 % more', function () {
  this.timeout(60_000)

  it('never costs over 15 % more', () => {
    fc.assert(
      fc.property(anyCase, (of) => {
        if (of.load.peakEventsPerSecond < 100) return
        const next = more('peakEventsPerSecond')(of, 1.01)
        const [before, after] = [sized(of), sized(next)]
        if (!isStack(before) || !isStack(after)) return
        const [cost, later] = [billOf(before, of.shape), billOf(after, of.shape)]
        assert.ok(later <= cost * 1.15, `${cost} USD, then ${later}`)
      }),
      { numRuns: PAIRS },
    )
  })
})
