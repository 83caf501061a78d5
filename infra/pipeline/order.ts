import { AppError } from '../../runtime/errors.ts'

/**
 * What runs in a stack, by the history of its updates. `commit` is missing where the last `up` was made outside of a git checkout.
 */
export type Deployed = { readonly ever: false } | { readonly ever: true; readonly commit?: string }

interface Update {
  readonly kind?: string
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Reads `pulumi stack history --json`, newest first. An `up` that failed counts: part of it may run.
 * @throws AppError `tool_failed` when the text is not such a list
 */
export function deployedFrom(history: string): Deployed {
  const updates: unknown = JSON.parse(history)
  if (!Array.isArray(updates))
    throw new AppError('tool_failed', `pulumi stack history gave ${history.slice(0, 100)} instead of a list`)
  const last = (updates as readonly Update[]).find(({ kind }) => kind === 'update' || kind === 'destroy')
  if (last === undefined || last.kind === 'destroy') return { ever: false }
  const commit = last.environment?.['git.head']
  return commit === undefined ? { ever: true } : { ever: true, commit }
}

/** The order of the running commit and the one to replace it. `unknown`: the checkout does not have it. */
export type Relation = 'ancestor' | 'newer' | 'diverged' | 'unknown'

export interface Replacement {
  readonly stack: string
  /** The commit to bring up, in full. */
  readonly commit: string
  readonly deployed: Deployed
  /** The one commit that may replace whatever runs, in full. */
  readonly forced?: string | undefined
  /** Asked only where it decides. */
  readonly relation: (deployed: string) => Relation
}

export interface Verdict {
  readonly allowed: boolean
  readonly reason: string
}

const WHY: Readonly<Record<Exclude<Relation, 'ancestor'>, string>> = {
  newer: 'which is newer and contains it. A later run has already passed this one: nothing is left to do',
  diverged: 'which has changes that this commit does not have; they would be reverted. Merge it first',
  unknown: 'which is not in this repository. Find out who brought it up',
}

/** Whether a commit may replace what runs: only when it contains it, or when it is named as the one that may. */
export function mayReplace({ stack, commit, deployed, forced, relation }: Replacement): Verdict {
  if (!deployed.ever) return { allowed: true, reason: `${stack} runs nothing yet` }
  if (forced === commit) return { allowed: true, reason: `FORCE_COMMIT of the environment ${stack} names ${commit}` }
  const unless = `To bring up ${commit} anyway, set the variable FORCE_COMMIT of the environment ${stack} to it.`
  if (deployed.commit === undefined) {
    const reason = `${stack} was brought up from outside of a git checkout, so it is unknown what would be reverted. ${unless}`
    return { allowed: false, reason }
  }
  const related = relation(deployed.commit)
  if (related === 'ancestor')
    return { allowed: true, reason: `${commit} contains ${deployed.commit}, which ${stack} runs` }
  return { allowed: false, reason: `${stack} runs ${deployed.commit}, ${WHY[related]}. ${unless}` }
}
