import type { Clock } from '../clock.ts'
import { AppError, type ErrorCode, messageOf } from '../errors.ts'
import type { Kubernetes } from './kubernetes.ts'
import type { Lock } from './lock.ts'
import { type Candidates, chosen, expectedPods, nextStep, type PodState } from './next-step.ts'
import { type Outlook, type Servers, type Verdict, wait } from './verdict.ts'

const PAUSE_MS = 2000
/** Servers of which nobody has answered for so long cannot be asked. A pod that is not ready is taken then. */
const SILENT_MS = 120_000
/** Faults that may pass. */
const SILENCE: readonly ErrorCode[] = ['cluster_unreachable', 'search_unavailable', 'queue_unavailable']

export interface RollOutArgs {
  readonly kubernetes: Kubernetes
  readonly servers: Servers
  readonly lock: Lock
  /** StatefulSets, in the order in which they are rolled. */
  readonly sets: readonly string[]
  /** How long one pod is waited for, in milliseconds: for its gate, and until it is back. */
  readonly waitMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

/**
 * Restarts every pod that is not made from the newest template of its set: one after the other, each only when the servers allow it. It
 * keeps no state but the cluster, so it may end at any moment, and another one continues.
 *
 * @returns the pods that were taken, in their order.
 * @throws AppError `roll_out_stopped` when a gate refuses, or for so long does not allow the next pod.
 */
export async function rollOut(args: RollOutArgs): Promise<readonly string[]> {
  await args.lock.acquire(args.signal, args.say)
  try {
    return await new Roller(args).run()
  } finally {
    await args.servers.restore().catch((fault: unknown) => args.say(`not restored: ${messageOf(fault)}`))
    await args.lock.release().catch((fault: unknown) => args.say(`the lock is kept: ${messageOf(fault)}`))
  }
}

class Roller {
  readonly #args: RollOutArgs
  readonly #taken: string[] = []
  #said = ''
  #waitsSinceMs: number
  /** Since when nobody has answered, and the last reason. */
  #silence: { readonly sinceMs: number; readonly reason: string } | undefined

  constructor(args: RollOutArgs) {
    this.#args = args
    this.#waitsSinceMs = args.clock.nowMs()
  }

  async run(): Promise<readonly string[]> {
    const { clock, signal } = this.#args
    for (;;) {
      const verdict = await this.#step()
      if (verdict === 'done') return this.#taken
      if (verdict !== 'taken') this.#hold(verdict)
      await clock.sleep(PAUSE_MS, signal)
    }
  }

  async #step(): Promise<'done' | 'taken' | Verdict> {
    const { kubernetes, sets, lock } = this.#args
    try {
      await lock.renew()
      const state = await kubernetes.state(sets)
      const step = nextStep(state)
      if (step.kind === 'wait') return step
      const pods = expectedPods(state)
      if (step.kind === 'take') return await this.#take(step.pods, pods)
      const recovered = (await this.#look(pods))?.recovered() ?? this.#silent()
      return recovered.kind === 'go' ? 'done' : recovered
    } catch (error) {
      if (!(error instanceof AppError) || !SILENCE.includes(error.code)) throw error
      return wait('server_silent', messageOf(error))
    }
  }

  async #take(candidates: Candidates, pods: readonly string[]): Promise<'taken' | Verdict> {
    const { kubernetes, servers, lock, say } = this.#args
    const outlook = await this.#look(pods)
    const next = chosen(candidates, (pod) => outlook?.leads(pod) ?? false)
    const verdict = outlook?.mayTake(next.name) ?? this.#unasked(next)
    if (verdict.kind !== 'go') return { ...verdict, reason: `${next.name}: ${verdict.reason}` }
    if (verdict.warning !== undefined) say(`warning: ${verdict.warning}`)
    if (outlook !== undefined) await servers.prepare()
    await lock.renew(true)
    if (!(await kubernetes.evict(next))) return wait('budget_spent', `${next.name}: a disruption budget forbids it now`)
    say(`${next.name} restarts`)
    this.#taken.push(next.name)
    this.#waitsSinceMs = this.#args.clock.nowMs()
    this.#said = ''
    return 'taken'
  }

  /** What the servers say; `undefined` when nobody answers. */
  async #look(pods: readonly string[]): Promise<Outlook | undefined> {
    try {
      const outlook = await this.#args.servers.look(pods)
      this.#silence = undefined
      return outlook
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      const sinceMs = this.#silence?.sinceMs ?? this.#args.clock.nowMs()
      this.#silence = { sinceMs, reason: messageOf(error) }
      return undefined
    }
  }

  /** A pod that is broken may be why nobody answers: it is the only one, or all are broken. */
  #unasked({ isReady }: PodState): Verdict {
    const silentMs = this.#args.clock.nowMs() - (this.#silence?.sinceMs ?? 0)
    if (isReady || silentMs < SILENT_MS) return this.#silent()
    return { kind: 'go', warning: `no server answers, and it is not ready: it is taken without being asked` }
  }

  #silent(): Verdict {
    return wait('server_silent', this.#silence?.reason ?? '')
  }

  #hold(verdict: Verdict): void {
    if (verdict.kind === 'go') return
    const { clock, waitMs } = this.#args
    const text = `${verdict.reason} (${verdict.code})`
    if (verdict.kind === 'refuse') throw stopped(text)
    this.#sayOnce(`waiting: ${text}`)
    if (clock.nowMs() - this.#waitsSinceMs >= waitMs)
      throw stopped(`${text}, for ${Math.round(waitMs / 60_000)} minutes`)
  }

  #sayOnce(text: string): void {
    const key = withoutCounts(text)
    if (key === this.#said) return
    this.#said = key
    this.#args.say(text)
  }
}

/** What is said once for each change: counts change all the time, and are none; the numbers of pods are. */
export function withoutCounts(text: string): string {
  return text.replace(/(?<![\w-])\d+/g, '#')
}

function stopped(reason: string): AppError {
  return new AppError('roll_out_stopped', `stopped before the next pod: ${reason}`)
}
