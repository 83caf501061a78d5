import fc from 'fast-check'
import { type Load, PERIOD_DAYS, type Shape } from '../../../infra/sizing/load.ts'
import { DEFAULT_PRICES, podMonth } from '../../../infra/sizing/prices.ts'
import type { Derived, SizedKey } from '../../../infra/sizing/question.ts'

export const DEV: Shape = {
  zones: 1,
  writeQuorum: 1,
  indexReplicas: 0,
  warmReplicas: 0,
  eventPartitioning: 'month',
  bulkSize: 500,
  messageMaxEvents: 100,
  prefetchMessages: 20,
  retentionHours: 24,
  sessionRetentionDays: 0,
  profileRetentionDays: 0,
  cores: { api: 1, worker: 1, broker: 2, bookie: 1 },
  floor: { apiReplicas: 1, workerReplicas: 1, brokers: 1, bookies: 1, bookieMemoryMib: 768, dataNodes: 0 },
}

export const PRODUCTION: Shape = {
  ...DEV,
  zones: 3,
  writeQuorum: 3,
  indexReplicas: 1,
  warmReplicas: 1,
  floor: { apiReplicas: 10, workerReplicas: 2, brokers: 2, bookies: 3, bookieMemoryMib: 4096, dataNodes: 2 },
}

export function loadOf(given: Partial<Load>): Load {
  return {
    peakEventsPerSecond: 100,
    eventsPerCall: 10,
    eventBytes: 650,
    meanToPeak: 0.4,
    retentionDays: 90,
    backlogHours: 24,
    eventsPerSession: 10,
    sessionsPerProfile: 5,
    stateDays: 90,
    hotDays: 7,
    warmTier: false,
    queriesPerSecond: 0,
    catchUpHours: 0,
    surviveNode: true,
    surviveZone: true,
    ...given,
  }
}

export function valuesOf(derived: readonly Derived[]): Record<SizedKey, number> {
  return Object.fromEntries(derived.map(({ key, value }) => [key, value])) as Record<SizedKey, number>
}

/** What decided the number of a key, and its facts. */
export function whyOf(derived: readonly Derived[], key: SizedKey): Pick<Derived, 'code' | 'facts' | 'reason'> {
  const { code, facts, reason } = derived.find((entry) => entry.key === key) as Derived
  return { code, facts, reason }
}

export function reasonOf(derived: readonly Derived[], key: SizedKey): string {
  return whyOf(derived, key).reason
}

/** Bytes of a message as compressed for each byte of it. */
export function queuedRatio({ eventsPerCall }: Load, { messageMaxEvents }: Shape): number {
  return 0.4 + 0.4 / Math.min(eventsPerCall, messageMaxEvents)
}

/** Bytes of one copy of the sessions and profiles on disk. */
function statesOf(load: Load, { sessionRetentionDays: sessions, profileRetentionDays: profiles }: Shape): number {
  const perDay = (load.peakEventsPerSecond * load.meanToPeak * 86_400) / load.eventsPerSession
  const sessionDays = sessions > 0 ? sessions + 1 : load.stateDays
  const profileDays = profiles > 0 ? 2 * profiles : load.stateDays
  return ((perDay * sessionDays + (perDay / load.sessionsPerProfile) * profileDays) * 400 * 0.8) / 0.8
}

/** The groups of nodes that hold data: their bytes of all copies, nodes, and disk of one. */
export function groupsOf(load: Load, shape: Shape, values: Record<SizedKey, number>) {
  const period = PERIOD_DAYS[shape.eventPartitioning]
  const kept = load.retentionDays + period
  const hot = load.warmTier ? Math.min(kept, load.hotDays + period + 1) : kept
  const day = load.peakEventsPerSecond * load.meanToPeak * 86_400 * (load.eventBytes + 350) * 0.8
  const copies = 1 + shape.indexReplicas
  const data = { nodes: values['elasticsearch.dataNodes'], gib: values['elasticsearch.dataGib'] }
  const warm = { nodes: values['elasticsearch.warmNodes'], gib: values['elasticsearch.warmGib'] }
  return [
    { ...data, bytes: (day * hot + statesOf(load, shape)) * copies },
    ...(kept > hot ? [{ ...warm, bytes: day * (kept - hot) * copies }] : []),
  ]
}

/** What a month of the sizes costs, in USD; without what does not depend on the load. */
export function billOf(values: Record<SizedKey, number>, { cores }: Shape): number {
  const pods = (count: number, each: number, memoryGib: number) => count * podMonth(DEFAULT_PRICES, each, memoryGib)
  const bookies = values['bookkeeper.replicas']
  const nodes = values['elasticsearch.dataNodes']
  const warm = values['elasticsearch.warmNodes'] ?? 0
  const diskGib =
    bookies * (values['bookkeeper.journalGib'] + values['bookkeeper.ledgersGib']) +
    nodes * values['elasticsearch.dataGib']
  return (
    pods(values['api.replicas'], cores.api, 0.5) +
    pods(values['workers.replicas'], cores.worker, 0.5) +
    pods(values['broker.replicas'], cores.broker, 4) +
    pods(bookies, cores.bookie, values['bookkeeper.memoryMib'] / 1024) +
    pods(nodes, values['elasticsearch.cpuMillicores'] / 1000, 2 * values['elasticsearch.heapGib']) +
    (warm === 0
      ? 0
      : pods(warm, values['elasticsearch.warmCpuMillicores'] / 1000, 2 * values['elasticsearch.warmHeapGib']) +
        warm * values['elasticsearch.warmGib'] * DEFAULT_PRICES.warmDiskGibMonth) +
    pods(3, 0.5, values['elasticsearch.masterMemoryMib'] / 1024) +
    diskGib * DEFAULT_PRICES.diskGibMonth
  )
}

/** Every load that a stack may state. */
export const anyLoad: fc.Arbitrary<Load> = fc.record({
  peakEventsPerSecond: fc.integer({ min: 1, max: 1_000_000 }),
  eventsPerCall: fc.double({ min: 1, max: 1000, noNaN: true }),
  eventBytes: fc.integer({ min: 50, max: 100_000 }),
  meanToPeak: fc.double({ min: 0.01, max: 1, noNaN: true }),
  retentionDays: fc.integer({ min: 1, max: 3650 }),
  backlogHours: fc.integer({ min: 1, max: 336 }),
  eventsPerSession: fc.double({ min: 1, max: 100_000, noNaN: true }),
  sessionsPerProfile: fc.double({ min: 1, max: 100_000, noNaN: true }),
  stateDays: fc.integer({ min: 1, max: 3650 }),
  hotDays: fc.integer({ min: 1, max: 3650 }),
  warmTier: fc.boolean(),
  queriesPerSecond: fc.integer({ min: 0, max: 100_000 }),
  catchUpHours: fc.integer({ min: 0, max: 336 }),
  surviveNode: fc.boolean(),
  surviveZone: fc.boolean(),
})

const count = (max: number, min = 1) => fc.integer({ min, max })
const cores = fc.constantFrom(0.25, 0.5, 1, 2, 4)

export const anyShape: fc.Arbitrary<Shape> = fc
  .record({
    zones: count(5),
    writeQuorum: count(5),
    indexReplicas: count(3, 0),
    eventPartitioning: fc.constantFrom('day', 'month', 'quarter', 'year'),
    bulkSize: count(10_000),
    messageMaxEvents: count(10_000),
    prefetchMessages: count(1000),
    retentionHours: count(8760, 0),
    sessionRetentionDays: count(1000, 0),
    profileRetentionDays: count(1000, 0),
    cores: fc.record({ api: cores, worker: cores, broker: cores, bookie: cores }),
    floor: fc.record({
      apiReplicas: count(20),
      workerReplicas: count(20),
      brokers: count(5),
      bookies: count(10),
      bookieMemoryMib: count(4096, 768),
      dataNodes: count(10, 0),
    }),
  })
  .map((shape) => ({ ...shape, warmReplicas: shape.indexReplicas }))
