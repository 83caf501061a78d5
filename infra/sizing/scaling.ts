import { apiAtMean } from './api.ts'
import type { Derived } from './derived.ts'
import { counted, figure } from './figures.ts'
import type { Question } from './question.ts'
import { documentsOfWorker, workersAtMean } from './workers.ts'

/** Replicas beyond the peak's that a scaler may ask for: a wave may be half as high again as the highest that was foreseen. */
const HEADROOM = 1.5
/** Seconds of its own rate that a worker may have waiting before another one is started. */
const WAITING_SECONDS = 10
/** The defaults of `api.maxReplicas` and `workers.maxReplicas`: less headroom saves nothing, as pods start only when needed. */
const LEAST_MAXIMUM = { api: 30, workers: 10 }
/** The most replicas that the configuration takes, `infra/config/schema.ts`. */
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
