import fc from 'fast-check'
import type { Load, Shape } from '../../../infra/sizing/load.ts'
import type { Derived, SizedKey } from '../../../infra/sizing/model.ts'

export const DEV: Shape = {
  zones: 1,
  writeQuorum: 1,
  indexReplicas: 0,
  eventPartitioning: 'month',
  bulkSize: 500,
  messageMaxEvents: 100,
  retentionHours: 24,
  floor: { apiReplicas: 1, workerReplicas: 1, brokers: 1, bookies: 1, dataNodes: 0 },
}

export const PRODUCTION: Shape = {
  ...DEV,
  zones: 3,
  writeQuorum: 3,
  indexReplicas: 1,
  floor: { apiReplicas: 10, workerReplicas: 2, brokers: 2, bookies: 3, dataNodes: 2 },
}

export function loadOf(given: Partial<Load>): Load {
  return {
    peakEventsPerSecond: 100,
    eventsPerCall: 10,
    eventBytes: 650,
    meanToPeak: 0.4,
    retentionDays: 90,
    backlogHours: 24,
    ...given,
  }
}

export function valuesOf(derived: readonly Derived[]): Record<SizedKey, number> {
  return Object.fromEntries(derived.map(({ key, value }) => [key, value])) as Record<SizedKey, number>
}

export function reasonOf(derived: readonly Derived[], key: SizedKey): string | undefined {
  return derived.find((entry) => entry.key === key)?.reason
}

/** Every load that a stack may state. */
export const anyLoad: fc.Arbitrary<Load> = fc.record({
  peakEventsPerSecond: fc.integer({ min: 1, max: 1_000_000 }),
  eventsPerCall: fc.double({ min: 1, max: 1000, noNaN: true }),
  eventBytes: fc.integer({ min: 50, max: 100_000 }),
  meanToPeak: fc.double({ min: 0.01, max: 1, noNaN: true }),
  retentionDays: fc.integer({ min: 1, max: 3650 }),
  backlogHours: fc.integer({ min: 1, max: 336 }),
})

const count = (max: number, min = 1) => fc.integer({ min, max })

export const anyShape: fc.Arbitrary<Shape> = fc.record({
  zones: count(5),
  writeQuorum: count(5),
  indexReplicas: count(3, 0),
  eventPartitioning: fc.constantFrom('day', 'month', 'quarter', 'year'),
  bulkSize: count(10_000),
  messageMaxEvents: count(10_000),
  retentionHours: count(8760, 0),
  floor: fc.record({
    apiReplicas: count(20),
    workerReplicas: count(20),
    brokers: count(5),
    bookies: count(10),
    dataNodes: count(10, 0),
  }),
})
