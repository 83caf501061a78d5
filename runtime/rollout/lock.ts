import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Kubernetes } from './kubernetes.ts'

/** A lock whose holder has said nothing for so long is free. */
const DURATION_MS = 30_000
const RENEW_MS = 8000
const ASK_MS = 2000

/**
 * One roller at a time. A Job runs one pod, but not at most one: on a machine that does not answer the old one may still work, and the
 * Job of an interrupted `up` may still work next to that of the next.
 */
export class Lock {
  readonly #kubernetes: Kubernetes
  readonly #name: string
  readonly #holder: string
  readonly #clock: Clock
  #renewedAtMs = Number.NEGATIVE_INFINITY

  /** @param holder who this is: the name of the pod. */
  constructor(kubernetes: Kubernetes, name: string, holder: string, clock: Clock) {
    this.#kubernetes = kubernetes
    this.#name = name
    this.#holder = holder
    this.#clock = clock
  }

  /** Waits until nobody else has it. The clocks of machines differ: only what changes is compared. */
  async acquire(signal: AbortSignal, say: (text: string) => void): Promise<void> {
    let seen = ''
    let seenAtMs = this.#clock.nowMs()
    for (;;) {
      const found = await this.#kubernetes.lease(this.#name)
      const now = `${found.holder} ${found.renewed}`
      if (now !== seen) {
        if (found.holder !== '' && found.holder !== this.#holder && seen === '') say(`${found.holder} works on it`)
        seen = now
        seenAtMs = this.#clock.nowMs()
      }
      const isFree = found.holder === '' || found.holder === this.#holder
      const isSilent = this.#clock.nowMs() - seenAtMs > DURATION_MS
      if ((isFree || isSilent) && (await this.#write(this.#holder, found.version))) return
      await this.#clock.sleep(ASK_MS, signal)
    }
  }

  /**
   * Called often, and before each pod that is taken.
   *
   * @param always also if it was renewed just now.
   * @throws AppError `roll_out_stopped` when somebody else has it.
   */
  async renew(always = false): Promise<void> {
    if (!always && this.#clock.nowMs() - this.#renewedAtMs < RENEW_MS) return
    const found = await this.#kubernetes.lease(this.#name)
    if (found.holder !== this.#holder || !(await this.#write(this.#holder, found.version)))
      throw new AppError('roll_out_stopped', `${found.holder || 'somebody'} has taken over this rollout`)
  }

  async release(): Promise<void> {
    const found = await this.#kubernetes.lease(this.#name)
    if (found.holder === this.#holder) await this.#write('', found.version)
  }

  async #write(holder: string, version: string): Promise<boolean> {
    const renewed = `${new Date(this.#clock.wallMs()).toISOString().slice(0, -1)}000Z`
    const written = await this.#kubernetes.writeLease(this.#name, { holder, renewed, version }, DURATION_MS / 1000)
    if (written) this.#renewedAtMs = this.#clock.nowMs()
    return written
  }
}
