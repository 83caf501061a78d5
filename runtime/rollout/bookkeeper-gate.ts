import { named } from './elasticsearch-gate.ts'
import { GO, goWith, type Outlook, type Verdict, wait } from './verdict.ts'

/** What ZooKeeper has of the bookies at one moment. */
export interface BookieFacts {
  /** Ids of the bookies that take new ledgers. */
  readonly writable: readonly string[]
  /** Ids of those that only serve what they have. */
  readonly readOnly: readonly string[]
  /** Ledgers that lack a copy. */
  readonly underReplicated: number
}

export interface BookieGateOptions {
  /** Every pod that is to run. */
  readonly pods: readonly string[]
  readonly idOf: (pod: string) => string
  /** Bookies over which a ledger is striped (E). */
  readonly ensemble: number
}

export function bookieOutlook(facts: BookieFacts, options: BookieGateOptions): Outlook {
  return {
    mayTake: (pod) => mayTake(pod, facts, options),
    leads: () => false,
    recovered: () => missingVerdict(facts, options) ?? GO,
  }
}

function mayTake(pod: string, facts: BookieFacts, options: BookieGateOptions): Verdict {
  const { pods, idOf, ensemble } = options
  const id = idOf(pod)
  const { writable, readOnly, underReplicated } = facts
  // It serves nothing: it cannot get worse, and a correction has to reach it.
  if (!writable.includes(id) && !readOnly.includes(id)) return GO
  const missing = missingVerdict(facts, options)
  if (missing !== undefined) return missing
  if (underReplicated > 0)
    return wait('ledgers_under_replicated', `${underReplicated} ledgers lack a copy: autorecovery makes it first`)
  const left = writable.filter((one) => one !== id).length
  // A stack without a bookie to spare has stated that new ledgers wait.
  const needed = Math.min(ensemble, pods.length - 1)
  if (left < needed)
    return wait(
      'too_few_writable_bookies',
      `without ${pod} ${left} bookies take new ledgers, and ${needed} are needed; read-only: ${named(readOnly) || 'none'}`,
    )
  return pods.length > ensemble
    ? GO
    : goWith(`without ${pod} there are ${left} bookies, and new ledgers need ${ensemble}: they wait until it is back`)
}

function missingVerdict({ writable, readOnly }: BookieFacts, { pods, idOf }: BookieGateOptions): Verdict | undefined {
  const missing = pods.filter((pod) => !writable.includes(idOf(pod)) && !readOnly.includes(idOf(pod)))
  return missing.length === 0 ? undefined : wait('bookie_missing', `not registered in ZooKeeper: ${named(missing)}`)
}
