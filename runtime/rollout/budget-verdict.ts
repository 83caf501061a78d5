import { GO, type Outlook, type Verdict, wait } from './verdict.ts'

/** What decides about the disruption budget of one tier. */
export interface BudgetFacts {
  /** What the servers answered, or why they did not. */
  readonly outlook: Outlook | { readonly silence: string }
  /** Pods that the budget is for. */
  readonly pods: readonly string[]
  /** Whether a rollout works on the servers, and so asks them itself before each pod. */
  readonly isRolling: boolean
}

/**
 * Whether a drain may take a pod of the tier. A budget does not say which one, so the servers have to allow each of them.
 *
 * A rollout knows which one it takes. While it works, one pod that may go is enough: the budget is never closed where the gate of the
 * rollout is open. Servers that do not answer here may answer the rollout.
 */
export function budgetVerdict({ outlook, pods, isRolling }: BudgetFacts): Verdict {
  if ('silence' in outlook) return isRolling ? GO : wait('server_silent', outlook.silence)
  const verdicts = pods.map((pod) => outlook.mayTake(pod))
  const closed = verdicts.find(({ kind }) => kind !== 'go')
  if (isRolling) return verdicts.find(({ kind }) => kind === 'go') ?? closed ?? GO
  const recovered = outlook.recovered()
  return recovered.kind === 'go' ? (closed ?? GO) : recovered
}
