import { leastPods } from './capacity.ts'
import { counted, figure, percent } from './figures.ts'
import type { Derived, Question } from './question.ts'

const SECOND_MICROS = 1_000_000

/** Calls a second that one replica carries at its limit. It is one Node.js process, so one core at most. */
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
function apiAtMean(question: Question): number {
  const atMean = (question.demand.callsPerSecond * question.load.meanToPeak) / callsOfReplica(question).calls
  return Math.max(question.shape.floor.apiReplicas, leastPods(question, atMean))
}

/** PULSAR_PARTITIONS, `runtime/config.ts`. */
const MAX_PARTITIONS = 1000
/** PULSAR_PARTITIONS by default; partitions never shrink, and fewer would bring nothing. */
const MIN_PARTITIONS = 10
/** Each worker has work, and the workers may double without more partitions. */
const PARTITIONS_PER_WORKER = 2
/** One partition more or less is then a small part of a broker's load. */
const PARTITIONS_PER_BROKER = 4

/** Documents a second that one worker hands on at its limit, by its CPU or by the bulks that it can have in flight. */
function documentsOfWorker({ shape, c }: Question): number {
  const bulksPerSecond = (c.bulksInFlight * 1000) / c.bulkMillis
  return Math.min(c.eventsPerSecondPerWorker * Math.min(1, shape.cores.worker), bulksPerSecond * shape.bulkSize)
}

/** Workers at peak. */
export function sizeWorkers(question: Question): Derived {
  const { load, shape, c, demand } = question
  const limit = documentsOfWorker(question)
  const needed = leastPods(question, demand.storedDocumentsPerSecond / limit)
  const most = MAX_PARTITIONS / PARTITIONS_PER_WORKER
  const value = Math.max(shape.floor.workerReplicas, Math.min(most, needed))
  const reason =
    `${figure(value)}: ${documents(load.peakEventsPerSecond, demand.documentsPerSecond)}; one worker carries ` +
    `${figure(limit * c.targetUtilisation)}/s at ${percent(c.targetUtilisation)} (bulks of ${figure(shape.bulkSize)} in ` +
    `${figure(c.bulkMillis)} ms, ${figure(c.bulksInFlight)} in flight), so the load needs ${figure(needed)}` +
    (needed > most ? `, more than the ${figure(most)} for which there can be partitions: raise BULK_SIZE` : '') +
    (value > needed ? `; the environment starts at ${figure(value)}` : '')
  return { key: 'workers.replicas', value, unit: 'pods', reason }
}

/** Workers for the mean load of a day. */
function workersAtMean(question: Question): number {
  const atMean = (question.demand.documentsPerSecond * question.load.meanToPeak) / documentsOfWorker(question)
  return Math.max(question.shape.floor.workerReplicas, leastPods(question, atMean))
}

/** The sentence about what is written to Elasticsearch; it counts more than events. */
export function documents(eventsPerSecond: number, documentsPerSecond: number): string {
  return `peak ${figure(eventsPerSecond)} events/s with their sessions and profiles count as ${figure(documentsPerSecond)} documents/s`
}

/**
 * Partitions of the topic. They are rounded up to 10, to dozens, then to multiples of 60, which most numbers of brokers
 * divide: a multiple of the very number of brokers would shrink where a larger load adds a broker, and partitions cannot.
 */
export function sizePartitions(workers: number, brokers: number): Derived {
  const needed = Math.max(MIN_PARTITIONS, workers * PARTITIONS_PER_WORKER, brokers * PARTITIONS_PER_BROKER)
  const value = Math.min(MAX_PARTITIONS, rounded(needed))
  const reason =
    `${figure(value)}: at least ${PARTITIONS_PER_WORKER} for each of ${counted(workers, 'worker')}, ` +
    `${PARTITIONS_PER_BROKER} for each of ${counted(brokers, 'broker')} and ${MIN_PARTITIONS} in all are ${figure(needed)}` +
    (needed > MAX_PARTITIONS ? `; ${figure(MAX_PARTITIONS)} is the most` : '') +
    (value > needed ? ', rounded up to spread evenly' : '')
  return { key: 'runtime.PULSAR_PARTITIONS', value, unit: 'partitions', reason }
}

function rounded(partitions: number): number {
  if (partitions <= MIN_PARTITIONS) return MIN_PARTITIONS
  const step = partitions <= 120 ? 12 : 60
  return Math.ceil(partitions / step) * step
}

/** Replicas beyond the peak's that a scaler may ask for: a wave may be half as high again as the highest that was foreseen. */
const HEADROOM = 1.5
/** Seconds of its own rate that a worker may have waiting before another one is started. */
const WAITING_SECONDS = 10
/** The defaults of `api.maxReplicas` and `workers.maxReplicas`: less headroom saves nothing, as pods start only when needed. */
const LEAST_MAXIMUM = { api: 30, workers: 10 }
/** The maximum number of replicas that the configuration takes, `infra/config/schema.ts`. */
const MOST_REPLICAS = 500

/** From where to where a scaler moves the replicas of the API. */
export function scaleApi(question: Question, replicas: number): readonly Derived[] {
  const least = Math.min(replicas, apiAtMean(question))
  const most = Math.max(LEAST_MAXIMUM.api, Math.min(MOST_REPLICAS, Math.ceil(replicas * HEADROOM)), replicas)
  return [
    { key: 'api.minReplicas', value: least, unit: 'pods', reason: atMean(question, least, replicas) },
    { key: 'api.maxReplicas', value: most, unit: 'pods', reason: atMost(most, replicas, LEAST_MAXIMUM.api) },
  ]
}

/** From where to where a scaler moves the workers, and the backlog for which KEDA adds one. */
export function scaleWorkers(question: Question, replicas: number, partitions: number): readonly Derived[] {
  const { shape, demand } = question
  const least = Math.min(replicas, workersAtMean(question))
  const most = Math.min(partitions, MOST_REPLICAS, Math.max(LEAST_MAXIMUM.workers, Math.ceil(replicas * HEADROOM)))
  const messages = documentsOfWorker(question) / (demand.documentsPerSecond / demand.messagesPerSecond)
  const prefetched = shape.prefetchMessages * partitions
  const waiting = Math.min(1_000_000, Math.ceil(messages * WAITING_SECONDS) + prefetched)
  return [
    { key: 'workers.minReplicas', value: least, unit: 'pods', reason: atMean(question, least, replicas) },
    {
      key: 'workers.maxReplicas',
      value: most,
      unit: 'pods',
      reason: `${atMost(most, replicas, LEAST_MAXIMUM.workers)}; at most one for each of ${counted(partitions, 'partition')}`,
    },
    {
      key: 'workers.backlogPerWorker',
      value: waiting,
      unit: 'messages',
      reason:
        `${figure(waiting)}: ${WAITING_SECONDS} s of the ${figure(messages)} messages/s that one worker stores, and the ` +
        `${figure(prefetched)} that it prefetches: ${figure(shape.prefetchMessages)} of each of ${counted(partitions, 'partition')}`,
    },
  ]
}

function atMean({ load }: Question, least: number, replicas: number): string {
  const { meanToPeak } = load
  return `${figure(least)}: what the mean load needs, ${figure(meanToPeak)} of the peak; ${figure(replicas)} are for the peak`
}

function atMost(most: number, replicas: number, least: number): string {
  return `${figure(most)}: half as many again as the ${figure(replicas)} of the peak, and no fewer than ${figure(least)}`
}
