import type { Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import { budgetVerdict } from './budget-verdict.ts'
import type { Budgets } from './budgets.ts'
import type { LeaseState } from './kubernetes.ts'
import { withoutCounts } from './roll-out.ts'
import type { Servers, Verdict } from './verdict.ts'

/** Shorter than any pod takes to restart: a budget is closed before the pod that went is Ready, and Kubernetes would allow the next one. */
const PAUSE_MS = 5000
/** A rollout renews its Lease every 8 s. The clocks of machines differ by less than this. */
const ROLLING_MS = 120_000

/** Servers of one kind, with the budgets of their tiers. */
export interface KeptServers {
  readonly servers: Servers
  /** The Lease that a rollout of them holds. */
  readonly lease: string
  /** A PodDisruptionBudget, and the StatefulSets whose pods it is for. */
  readonly budgets: readonly { readonly name: string; readonly sets: readonly string[] }[]
}

export interface KeepBudgetsArgs {
  readonly budgets: Budgets
  readonly kept: readonly KeptServers[]
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly say: (text: string) => void
  /** Called after each round: it shows that the keeper works. */
  readonly onRound: () => void
}

/**
 * Lets the disruption budgets follow the health of the servers, until the signal. A tier has 1 pod that a drain may take when the
 * servers allow it, and 0 otherwise. It keeps no state but the budgets, so it may end at any moment: they stay as they are.
 */
export async function keepBudgets({ budgets, kept, clock, signal, say, onRound }: KeepBudgetsArgs): Promise<void> {
  const keepers = kept.map((one) => new Keeper(one, budgets, clock, say))
  while (!signal.aborted) {
    await Promise.all(keepers.map((keeper) => keeper.round()))
    onRound()
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined)
  }
}

class Keeper {
  readonly #kept: KeptServers
  readonly #budgets: Budgets
  readonly #clock: Clock
  readonly #say: (text: string) => void
  /** By budget. */
  readonly #said = new Map<string, string>()

  constructor(kept: KeptServers, budgets: Budgets, clock: Clock, say: (text: string) => void) {
    this.#kept = kept
    this.#budgets = budgets
    this.#clock = clock
    this.#say = say
  }

  async round(): Promise<void> {
    const { servers, lease, budgets } = this.#kept
    try {
      const tiers = await Promise.all(
        budgets.map(async ({ name, sets }) => ({ name, pods: (await Promise.all(sets.map(this.#podsOf))).flat() })),
      )
      const isRolling = this.#isHeld(await this.#budgets.lease(lease))
      const outlook = await unlessFault(servers.look(tiers.flatMap(({ pods }) => pods)), (silence) => ({ silence }))
      for (const { name, pods } of tiers) await this.#keep(name, budgetVerdict({ outlook, pods, isRolling }))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      for (const { name } of budgets) this.#sayOnce(name, `stays as it is: ${messageOf(error)}`)
    }
  }

  readonly #podsOf = async (set: string): Promise<readonly string[]> => {
    const replicas = await this.#budgets.replicas(set)
    return Array.from({ length: replicas }, (_, ordinal) => `${set}-${ordinal}`)
  }

  #isHeld({ holder, renewed }: LeaseState): boolean {
    return holder !== '' && this.#clock.wallMs() - Date.parse(renewed) < ROLLING_MS
  }

  async #keep(name: string, verdict: Verdict): Promise<void> {
    const pods = verdict.kind === 'go' ? 1 : 0
    if ((await this.#budgets.maxUnavailable(name)) !== pods) await this.#budgets.setMaxUnavailable(name, pods)
    this.#sayOnce(name, verdict.kind === 'go' ? 'open' : `closed: ${verdict.reason} (${verdict.code})`)
  }

  #sayOnce(name: string, text: string): void {
    const key = withoutCounts(text)
    if (this.#said.get(name) === key) return
    this.#said.set(name, key)
    this.#say(`${name}: ${text}`)
  }
}

async function unlessFault<T, F>(answer: Promise<T>, other: (reason: string) => F): Promise<T | F> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return other(messageOf(error))
  }
}
