import { type Raw, withValue } from './choices.ts'
import { StackConfigError } from './config/errors.ts'
import { planOf } from './config/plan.ts'
import type { Plan } from './config/resolved.ts'
import type { Coefficients } from './sizing/coefficients.ts'

/** A load as equal parts of it, each for a stack of its own. */
export interface Division {
  /** 1 where one stack carries the load. */
  readonly stacks: number
  /** The configuration of one of them. */
  readonly raw: Raw
}

/** More stacks are not tried: the highest peak that a configuration takes needs fewer, unless its keys leave each of them very small. */
const MOST_STACKS = 100

/**
 * Divides a load that is beyond one stack by the least number of stacks whose clusters are not too large either.
 *
 * @throws StackConfigError of the undivided configuration, if that has another fault or no division helps.
 */
export function divisionOf(raw: Raw, coefficients?: Coefficients): Division {
  const undivided = planned(raw, coefficients)
  if (!(undivided instanceof StackConfigError)) return { stacks: 1, raw }
  if (undivided.faults.some(({ code }) => code !== 'load_beyond_one_stack')) throw undivided
  const peak = (raw['load'] as { readonly peakEventsPerSecond: number }).peakEventsPerSecond
  for (let stacks = 2; stacks <= MOST_STACKS; stacks += 1) {
    const part = withValue(raw, 'load.peakEventsPerSecond', Math.ceil(peak / stacks))
    const plan = planned(part, coefficients)
    if (plan instanceof StackConfigError) continue
    if (!plan.findings.some(({ code }) => code === 'one_cluster')) return { stacks, raw: part }
  }
  throw undivided
}

function planned(raw: Raw, coefficients: Coefficients | undefined): Plan | StackConfigError {
  try {
    return planOf(raw, coefficients)
  } catch (error) {
    if (error instanceof StackConfigError) return error
    throw error
  }
}
