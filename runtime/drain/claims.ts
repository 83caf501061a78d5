import type { Claim } from './kubernetes.ts'
import { comingOf, type PlannedSet, type SetNow } from './plan.ts'

/** The claims of pods that will be created, and that a drained server left behind: a new server gets a new volume. */
export function leftOver(now: readonly SetNow[], claims: readonly Claim[]): readonly string[] {
  const coming = now.flatMap((one) => comingOf(one).flatMap((ordinal) => claimsOf(one.set, ordinal)))
  return claims.filter(({ name, isDrained }) => isDrained && coming.includes(name)).map(({ name }) => name)
}

/** The claims of the pods that a set no longer has. Those of a set that was not checked are not among them: their data may be needed. */
export function vacant(sets: readonly PlannedSet[], claims: readonly Claim[]): readonly Claim[] {
  return claims.filter(({ name }) =>
    sets.some((set) => !set.unchecked && set.claims.some((claim) => isBeyond(`${claim}-${set.name}-`, set, name))),
  )
}

function isBeyond(begin: string, { replicas }: PlannedSet, name: string): boolean {
  const ordinal = name.startsWith(begin) ? name.slice(begin.length) : ''
  return /^\d+$/.test(ordinal) && Number(ordinal) >= replicas
}

function claimsOf({ name, claims }: PlannedSet, ordinal: number): readonly string[] {
  return claims.map((claim) => `${claim}-${name}-${ordinal}`)
}
