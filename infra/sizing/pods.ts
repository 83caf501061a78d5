import type { Question } from './question.ts'
import { roundUp } from './rounding.ts'

/**
 * Pods that carry a load at `targetUtilisation`, and at `lossUtilisation` after the loss that the stack is to survive.
 *
 * @param limits the load, in pods at their limit.
 */
export function leastPods({ load, shape, c }: Question, limits: number): number {
  const { zones } = shape
  const left = Math.max(1, roundUp(limits / c.lossUtilisation))
  return Math.max(
    1,
    roundUp(limits / c.targetUtilisation),
    load.surviveNode ? left + 1 : 1,
    // Of `count` pods that are spread evenly a zone has `ceil(count / zones)`.
    load.surviveZone && zones > 1 ? Math.ceil((left * zones) / (zones - 1)) : 1,
  )
}
