import { sizeApi } from './api.ts'
import { type Coefficients, DEFAULT_COEFFICIENTS } from './coefficients.ts'
import { demandOf } from './demand.ts'
import type { Derived, SizedKey, Stated } from './derived.ts'
import { sizeElasticsearch } from './elasticsearch.ts'
import { figure } from './figures.ts'
import type { Load, Shape } from './load.ts'
import { sizeBookies, sizeBrokers } from './pulsar.ts'
import { sizePartitions, sizeWorkers } from './workers.ts'

export type { Derived, SizedKey } from './derived.ts'

/**
 * Sizes a stack for a load. Every number is whole, not below the floor, and never falls when the peak rises. What the
 * documents of sessions and profiles take on disk is not in it, because a load does not state their number.
 *
 * @param stated numbers that the stack states itself.  The model still returns its own, but derives further values, such as
 *   a disk from the number of nodes, from the stated ones. @default none
 * @returns one for each key, always in the same order.
 */
export function size(
  load: Load,
  shape: Shape,
  coefficients: Coefficients = DEFAULT_COEFFICIENTS,
  stated: Stated = {},
): readonly Derived[] {
  const question = { load, shape, c: coefficients, demand: demandOf(load, shape, coefficients), stated }
  const workers = sizeWorkers(question)
  const brokers = sizeBrokers(question)
  const partitions = sizePartitions(
    stated['workers.replicas'] ?? workers.value,
    stated['broker.replicas'] ?? brokers.value,
  )
  return [sizeApi(question), workers, partitions, brokers, ...sizeBookies(question), ...sizeElasticsearch(question)]
}

/** Where an explicit number falls short of what the model finds necessary: warnings, in words. */
export function shortfalls(
  explicit: Partial<Record<SizedKey, number>>,
  derived: readonly Derived[],
): readonly string[] {
  return derived.flatMap(({ key, value, unit, reason }) => {
    const given = explicit[key]
    if (given === undefined || given >= value) return []
    return [`${key} is ${figure(given)} ${unit}; the load needs ${reason}`]
  })
}
