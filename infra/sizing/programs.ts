import { leastPods } from './capacity.ts'
import { counted, figure, percent } from './figures.ts'
import { type Derived, decidedBy, type Question, type SizedKey } from './question.ts'

const SECOND_MICROS = 1_000_000

/** Calls a second that one replica carries at its limit. It is one Node.js process, so one core at most. */
function callsOfReplica({ load, shape, c, demand }: Question): { micros: number; calls: number } {
  const micros = c.apiMicrosPerCall + load.eventsPerCall * demand.apiWeight * c.apiMicrosPerEvent
  return { micros, calls: (SECOND_MICROS / micros) * Math.min(1, shape.cores.api) }
}

/** Replicas of the API at peak. */
export function sizeApi(question: Question): Derived {
  const { load, shape, c, demand } = question
  const { micros, calls } = callsOfReplica(question)
  const needed = leastPods(question, demand.callsPerSecond / calls)
  const value = Math.max(shape.floor.apiReplicas, needed)
  const carried = calls * c.targetUtilisation
  const facts = {
    eventsPerSecond: load.peakEventsPerSecond,
    eventsPerCall: load.eventsPerCall,
    callsPerSecond: demand.callsPerSecond,
    callsPerSecondOfReplica: carried,
    microsPerCall: micros,
    needed,
  }
  const reason =
    `${figure(value)}: peak ${figure(load.peakEventsPerSecond)} events/s in calls of ${figure(load.eventsPerCall)} are ` +
    `${figure(demand.callsPerSecond)} calls/s; one replica carries ${figure(carried)} calls/s, ` +
    `${figure(carried * load.eventsPerCall)} events/s, at ${percent(c.targetUtilisation)} ` +
    `(${figure(micros)} µs a call), so the load needs ${figure(needed)}` +
    (value > needed ? `; the environment starts at ${figure(value)}, as Tracardi advises at least ten` : '')
  return {
    ...{ key: 'api.replicas', value, unit: 'pods' },
    ...{ code: decidedBy(value, needed, 'environment'), facts, reason },
  }
}

/** Replicas of the API that the mean load of a day needs. */
function apiAtMean(question: Question): number {
  return leastPods(
    question,
    (question.demand.callsPerSecond * question.load.meanToPeak) / callsOfReplica(question).calls,
  )
}

/** PULSAR_PARTITIONS, `runtime/config.ts`. */
const MAX_PARTITIONS = 1000
/** PULSAR_PARTITIONS by default; partitions never shrink, and fewer would bring nothing. */
const MIN_PARTITIONS = 10
/** Each worker has work, and the workers may double without more partitions. */
const PARTITIONS_PER_WORKER = 2
/** One partition more or less is then a small part of a broker's load. */
const PARTITIONS_PER_BROKER = 4

/** Workers that the peak keeps at their limit, by their CPU or by the bulks that they can have in flight. */
function busyWorkers({ shape, c, demand }: Question): number {
  const bulksPerSecond = (c.bulksInFlight * 1000) / c.bulkMillis
  return Math.max(
    demand.workerEventsPerSecond / (c.eventsPerSecondPerWorker * Math.min(1, shape.cores.worker)),
    demand.dataNodeEventsPerSecond / (bulksPerSecond * shape.bulkSize),
  )
}

/** Workers at peak. */
export function sizeWorkers(question: Question): Derived {
  const { load, shape, c, demand } = question
  const busy = busyWorkers(question)
  const needed = leastPods(question, busy * demand.storingFactor)
  const carried = (demand.documentsPerSecond / busy) * c.targetUtilisation
  const most = MAX_PARTITIONS / PARTITIONS_PER_WORKER
  const value = Math.max(shape.floor.workerReplicas, Math.min(most, needed))
  const facts = {
    eventsPerSecond: load.peakEventsPerSecond,
    documentsPerSecond: demand.documentsPerSecond,
    documentsPerSecondOfWorker: carried,
    needed,
  }
  const reason =
    `${figure(value)}: ${documents(load.peakEventsPerSecond, demand.documentsPerSecond)}; one worker carries ` +
    `${figure(carried)}/s at ${percent(c.targetUtilisation)} (bulks of ${figure(shape.bulkSize)} in ` +
    `${figure(c.bulkMillis)} ms, ${figure(c.bulksInFlight)} in flight), so the load needs ${figure(needed)}` +
    (needed > most ? `, more than the ${figure(most)} for which there can be partitions: raise BULK_SIZE` : '') +
    (value > needed ? `; the environment starts at ${figure(value)}` : '')
  return {
    ...{ key: 'workers.replicas', value, unit: 'pods' },
    ...{ code: decidedBy(value, needed, 'environment'), facts, reason },
  }
}

/** Workers that the mean load of a day needs. */
function workersAtMean(question: Question): number {
  return leastPods(question, busyWorkers(question) * question.load.meanToPeak)
}

/** The sentence about what is written to Elasticsearch; it counts more than events. */
export function documents(eventsPerSecond: number, documentsPerSecond: number): string {
  return `peak ${figure(eventsPerSecond)} events/s with their sessions and profiles are ${figure(documentsPerSecond)} documents/s`
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
  const code = value > needed ? 'even' : needed === MIN_PARTITIONS ? 'smallest' : decidedBy(value, needed)
  return {
    ...{ key: 'runtime.PULSAR_PARTITIONS', value, unit: 'partitions' },
    ...{ code, facts: { workers, brokers, needed }, reason },
  }
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
/** The most of `workers.backlogPerWorker`, `infra/config/schema.ts`. */
const MOST_WAITING = 1_000_000

/** From where to where a scaler moves the replicas of the API. */
export function scaleApi(question: Question, replicas: number): readonly Derived[] {
  const { apiReplicas } = question.shape.floor
  return [
    minimum('api.minReplicas', question, { needed: apiAtMean(question), starts: apiReplicas, replicas }),
    maximum('api.maxReplicas', { replicas, least: LEAST_MAXIMUM.api, most: Math.max(MOST_REPLICAS, replicas) }),
  ]
}

/** From where to where a scaler moves the workers, and the backlog for which KEDA adds one. */
export function scaleWorkers(question: Question, replicas: number, partitions: number): readonly Derived[] {
  const { workerReplicas } = question.shape.floor
  const most = Math.min(partitions, MOST_REPLICAS)
  const upTo = maximum('workers.maxReplicas', { replicas, least: LEAST_MAXIMUM.workers, most })
  return [
    minimum('workers.minReplicas', question, { needed: workersAtMean(question), starts: workerReplicas, replicas }),
    {
      ...upTo,
      facts: { ...upTo.facts, partitions },
      reason: `${upTo.reason}; at most one for each of ${counted(partitions, 'partition')}`,
    },
    backlogPerWorker(question, partitions),
  ]
}

/** Messages that may wait for each worker before KEDA adds one. */
function backlogPerWorker(question: Question, partitions: number): Derived {
  const { shape, demand } = question
  const messages = demand.messagesPerSecond / busyWorkers(question)
  const prefetched = shape.prefetchMessages * partitions
  const needed = Math.ceil(messages * WAITING_SECONDS) + prefetched
  const value = Math.min(MOST_WAITING, needed)
  return {
    ...{ key: 'workers.backlogPerWorker', value, unit: 'messages', code: decidedBy(value, needed) },
    facts: { messagesPerSecondOfWorker: messages, prefetched, partitions },
    reason:
      `${figure(value)}: ${WAITING_SECONDS} s of the ${figure(messages)} messages/s that one worker stores, and the ` +
      `${figure(prefetched)} that it prefetches: ${figure(shape.prefetchMessages)} of each of ${counted(partitions, 'partition')}`,
  }
}

interface Minimum {
  /** Pods that the mean load needs. */
  readonly needed: number
  /** At which the environment starts. */
  readonly starts: number
  /** Pods at peak. */
  readonly replicas: number
}

function minimum(key: SizedKey, { load }: Question, { needed, starts, replicas }: Minimum): Derived {
  const { meanToPeak } = load
  const value = Math.min(replicas, Math.max(starts, needed))
  const code = value < Math.max(starts, needed) ? 'peak' : decidedBy(value, needed, 'environment')
  const reason = `${figure(value)}: what the mean load needs, ${figure(meanToPeak)} of the peak; ${figure(replicas)} are for the peak`
  return { key, value, unit: 'pods', code, facts: { meanToPeak, needed, replicas }, reason }
}

interface Maximum {
  /** Pods at peak. */
  readonly replicas: number
  readonly least: number
  readonly most: number
}

function maximum(key: SizedKey, { replicas, least, most }: Maximum): Derived {
  const needed = Math.ceil(replicas * HEADROOM)
  const value = Math.min(most, Math.max(least, needed))
  const reason = `${figure(value)}: half as many again as the ${figure(replicas)} of the peak, and no fewer than ${figure(least)}`
  return { key, value, unit: 'pods', code: decidedBy(value, needed), facts: { replicas, needed }, reason }
}
