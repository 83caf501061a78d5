import { ledgerContent, sizeBookies } from './bookies.ts'
import { type Coefficients, DEFAULT_COEFFICIENTS } from './coefficients.ts'
import { sizeDataNodes } from './data-nodes.ts'
import { demandOf } from './demand.ts'
import type { Load, Shape } from './load.ts'
import { scaleApi, scaleWorkers, sizeApi, sizePartitions, sizeWorkers } from './programs.ts'
import { sizeBrokers, sizeZooKeeper } from './pulsar.ts'
import { type Derived, type Question, SIZED_KEYS, type Stated } from './question.ts'

/**
 * Sizes a stack for a load. Every number is whole and not below the floor; a larger load, more redundancy or slower
 * servers never cost less.
 *
 * @param stated numbers that the stack states itself. The model still returns its own, but derives further values, such as
 *   a disk from the number of nodes, from the stated ones. @default none
 * @returns one for each key, in the order of `SIZED_KEYS`; none for warm nodes where there are none.
 */
export function size(
  load: Load,
  shape: Shape,
  coefficients: Coefficients = DEFAULT_COEFFICIENTS,
  stated: Stated = {},
): readonly Derived[] {
  const question = questionOf(load, shape, coefficients, stated)
  const api = sizeApi(question)
  const workers = sizeWorkers(question)
  const brokers = sizeBrokers(question)
  const workerReplicas = stated['workers.replicas'] ?? workers.value
  const partitions = sizePartitions(workerReplicas, stated['broker.replicas'] ?? brokers.value)
  const partitionCount = stated['runtime.PULSAR_PARTITIONS'] ?? partitions.value
  const derived = [
    api,
    ...scaleApi(question, stated['api.replicas'] ?? api.value),
    workers,
    ...scaleWorkers(question, workerReplicas, partitionCount),
    partitions,
    brokers,
    sizeZooKeeper(question, ledgerContent(question).topicBytes, partitionCount),
    ...sizeBookies(question),
    ...sizeDataNodes(question),
  ]
  return SIZED_KEYS.flatMap((key) => derived.find((entry) => entry.key === key) ?? [])
}

/** What every part is sized from. */
export function questionOf(load: Load, shape: Shape, c: Coefficients, stated: Stated): Question {
  return { load, shape, c, demand: demandOf(load, shape, c), stated }
}
