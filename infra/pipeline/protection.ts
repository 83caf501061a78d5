/** What GitHub answers to `GET /repos/{owner}/{repo}/environments/{name}`, as far as it is looked at. */
export interface Environment {
  readonly protection_rules?: readonly { readonly type: string; readonly reviewers?: readonly unknown[] }[]
  /** Null when every branch may deploy. */
  readonly deployment_branch_policy?: object | null
}

/**
 * The faults of an environment. GitHub creates a missing one without protection when a job first names it, so
 * an environment must exist before.
 * @param environment undefined when it does not exist
 * @param approved whether a change through it needs an approval, and a branch that is allowed
 */
export function faultsOf(name: string, environment: Environment | undefined, approved: boolean): readonly string[] {
  if (environment === undefined) return [`The environment ${name} does not exist. Make it (Settings, Environments).`]
  if (!approved) return []
  const rules = environment.protection_rules ?? []
  const reviewed = rules.some(({ type, reviewers = [] }) => type === 'required_reviewers' && reviewers.length > 0)
  return [
    ...(reviewed ? [] : [`The environment ${name} has no required reviewers, so nobody would be asked. Set them.`]),
    ...(environment.deployment_branch_policy
      ? []
      : [`The environment ${name} lets every branch deploy. Allow only main.`]),
  ]
}
