import type { StackFault } from './errors.ts'
import type { Plan } from './resolved.ts'

type Facts = StackFault['facts']

/** A rule by its name: whether a plan breaks it, by which numbers, and what to say of it. */
export interface Rule<P = Plan> {
  readonly code: string
  readonly factsOf: (plan: P) => Facts
  readonly broken: (plan: P) => string | undefined
}

export function rule<P = Plan>(code: string, factsOf: (plan: P) => Facts, broken: Rule<P>['broken']): Rule<P> {
  return { code, factsOf, broken }
}

export function check<P>(rules: readonly Rule<P>[], plan: P): readonly StackFault[] {
  return rules.flatMap(({ code, factsOf, broken }) => {
    const text = broken(plan)
    return text === undefined ? [] : [{ code, facts: factsOf(plan), text }]
  })
}
