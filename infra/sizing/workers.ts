import type { Derived } from './derived.ts'
import { counted, figure, percent } from './figures.ts'
import { leastPods } from './pods.ts'
import type { Question } from './question.ts'

/** PULSAR_PARTITIONS, `runtime/config.ts`. */
const MAX_PARTITIONS = 1000
/** PULSAR_PARTITIONS by default; partitions never shrink, and fewer would bring nothing. */
const MIN_PARTITIONS = 10
/** Each worker has work, and the workers may double without more partitions. */
const PARTITIONS_PER_WORKER = 2
/** One partition more or less is then a small part of a broker's load. */
const PARTITIONS_PER_BROKER = 4

/** Documents a second that one worker hands on at its limit, by its CPU or by the bulks that it can have in flight. */
export function documentsOfWorker({ shape, c }: Question): number {
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
export function workersAtMean(question: Question): number {
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
