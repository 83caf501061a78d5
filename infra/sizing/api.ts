import type { Derived } from './derived.ts'
import { figure, percent } from './figures.ts'
import { leastPods } from './pods.ts'
import type { Question } from './question.ts'

const SECOND_MICROS = 1_000_000

/** Calls a second that one replica carries at its limit. It is one Node.js process, so at most one core. */
function callsOfReplica({ load, shape, c, demand }: Question): { micros: number; calls: number } {
  const micros = c.apiMicrosPerCall + load.eventsPerCall * demand.weight * c.apiMicrosPerEvent
  return { micros, calls: (SECOND_MICROS / micros) * Math.min(1, shape.cores.api) }
}

/** Replicas of the API at peak. */
export function sizeApi(question: Question): Derived {
  const { load, shape, c, demand } = question
  const { micros, calls } = callsOfReplica(question)
  const needed = leastPods(question, demand.callsPerSecond / calls)
  const value = Math.max(shape.floor.apiReplicas, needed)
  const carried = calls * c.targetUtilisation
  const reason =
    `${figure(value)}: peak ${figure(load.peakEventsPerSecond)} events/s in calls of ${figure(load.eventsPerCall)} are ` +
    `${figure(demand.callsPerSecond)} calls/s; one replica carries ${figure(carried)} calls/s, ` +
    `${figure(carried * load.eventsPerCall)} events/s, at ${percent(c.targetUtilisation)} ` +
    `(${figure(micros)} µs a call), so the load needs ${figure(needed)}` +
    (value > needed ? `; the environment starts at ${figure(value)}, as Tracardi advises at least ten` : '')
  return { key: 'api.replicas', value, unit: 'pods', reason }
}

/** Replicas of the API for the mean load of a day. */
export function apiAtMean(question: Question): number {
  const atMean = (question.demand.callsPerSecond * question.load.meanToPeak) / callsOfReplica(question).calls
  return Math.max(question.shape.floor.apiReplicas, leastPods(question, atMean))
}
