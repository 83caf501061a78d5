import type { Derived } from './derived.ts'
import { figure, percent } from './figures.ts'
import type { Question } from './question.ts'
import { roundUp } from './rounding.ts'

const SECOND_MICROS = 1_000_000

/** Replicas of the API: each is one Node.js process, so one core. */
export function sizeApi({ load, shape, c, demand }: Question): Derived {
  const microsPerCall = c.apiMicrosPerCall + load.eventsPerCall * demand.weight * c.apiMicrosPerEvent
  const callsPerReplica = (SECOND_MICROS / microsPerCall) * c.targetUtilisation
  const needed = roundUp(demand.callsPerSecond / callsPerReplica)
  const value = Math.max(shape.floor.apiReplicas, needed)
  const reason =
    `${figure(value)}: peak ${figure(load.peakEventsPerSecond)} events/s in calls of ${figure(load.eventsPerCall)} are ` +
    `${figure(demand.callsPerSecond)} calls/s; one replica carries ${figure(callsPerReplica)} calls/s, ` +
    `${figure(callsPerReplica * load.eventsPerCall)} events/s, at ${percent(c.targetUtilisation)} ` +
    `(${figure(microsPerCall)} µs a call), so the load needs ${figure(needed)}` +
    (value > needed ? `; the environment starts at ${figure(value)}` : '')
  return { key: 'api.replicas', value, unit: 'pods', reason }
}
