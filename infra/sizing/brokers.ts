import type { Derived } from './derived.ts'
import { bytes, figure, percent } from './figures.ts'
import { leastPods } from './pods.ts'
import type { Question } from './question.ts'

/** The cores for which the coefficients of a broker are. */
const BROKER_CORES = 2

/** Brokers, by messages and by bytes. */
export function sizeBrokers(question: Question): Derived {
  const { load, shape, c, demand } = question
  const size = shape.cores.broker / BROKER_CORES
  const messages = c.messagesPerSecondPerBroker * size
  const throughput = c.brokerBytesPerSecond * size
  const limits = Math.max(demand.messagesPerSecond / messages, demand.queuedBytesPerSecond / throughput)
  const needed = leastPods(question, limits)
  const value = Math.max(shape.floor.brokers, needed)
  const lost = load.surviveNode || load.surviveZone ? ', also after the loss that it is to survive' : ''
  const reason =
    `${figure(value)}: ${figure(demand.messagesPerSecond)} messages/s of together ${bytes(demand.queuedBytesPerSecond)}/s; ` +
    `one broker of ${figure(shape.cores.broker)} cores carries ${figure(messages * c.targetUtilisation)} messages/s and ` +
    `${bytes(throughput * c.targetUtilisation)}/s at ${percent(c.targetUtilisation)}, so the load needs ${figure(needed)}${lost}` +
    (value > needed ? `; the environment starts at ${figure(value)}` : '')
  return { key: 'broker.replicas', value, unit: 'pods', reason }
}
