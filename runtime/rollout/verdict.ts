/** Why a pod may not be restarted now. `docs/rollouts.md` has each with what to do. */
export type GateCode =
  | 'set_not_observed'
  | 'pod_not_ready'
  | 'budget_spent'
  | 'server_silent'
  | 'node_missing'
  | 'index_red'
  | 'shards_moving'
  | 'only_copy'
  | 'master_missing'
  | 'bookie_missing'
  | 'ledgers_under_replicated'
  | 'too_few_writable_bookies'
  | 'quorum_not_in_step'

/**
 * Whether a pod may be restarted. `wait`: what is in the way may pass. `refuse`: it will not pass by itself.
 */
export type Verdict =
  | { readonly kind: 'go'; readonly warning?: string }
  | { readonly kind: 'wait' | 'refuse'; readonly code: GateCode; readonly reason: string }

export const GO: Verdict = { kind: 'go' }

export function goWith(warning: string): Verdict {
  return { kind: 'go', warning }
}

export function wait(code: GateCode, reason: string): Verdict {
  return { kind: 'wait', code, reason }
}

export function refuse(code: GateCode, reason: string): Verdict {
  return { kind: 'refuse', code, reason }
}

/** What the servers answered at one moment, as far as it decides about their pods. */
export interface Outlook {
  mayTake(pod: string): Verdict
  /** Whether the pod is the one that leads, which is taken after the others of its set. */
  leads(pod: string): boolean
  /** Whether the servers have recovered from the last restart. */
  recovered(): Verdict
}

/** The servers of one kind, as the roller asks them. */
export interface Servers {
  /**
   * @param pods every pod that is to run.
   * @throws AppError when nobody answers.
   */
  look(pods: readonly string[]): Promise<Outlook>
  /** Called before the first pod is taken. Repetitions change nothing. */
  prepare(): Promise<void>
  /** Called at the end, also when nothing was taken. Repetitions change nothing. */
  restore(): Promise<void>
  close(): Promise<void>
}
