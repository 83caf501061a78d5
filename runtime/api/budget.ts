/**
 * One owner may hold this many times what is left for all others. So one alone gets four fifths, two get four ninths each,
 * and whoever comes next always finds some room. Known from the buffers of switches as dynamic thresholds.
 */
const SHARE_OF_REMAINDER = 4

/** A limit on what is held in memory at once, shared fairly among owners: a source, or an address whose source is not known yet. */
export class Budget {
  readonly limit: number
  used = 0
  readonly #shares = new Map<string, number>()

  constructor(limit: number) {
    this.limit = limit
  }

  hold(owner: string): Hold {
    return new Hold(this, owner)
  }

  /** Whether the owner may hold this many bytes more. */
  fits(owner: string, more: number): boolean {
    if (more <= 0) return true
    const left = this.limit - this.used
    const share = this.#shares.get(owner) ?? 0
    return more <= left && share + more <= SHARE_OF_REMAINDER * (left - more)
  }

  add(owner: string, bytes: number): void {
    this.used += bytes
    const share = (this.#shares.get(owner) ?? 0) + bytes
    if (share === 0) this.#shares.delete(owner)
    else this.#shares.set(owner, share)
  }
}

/** What one call takes of the budget. */
export class Hold {
  readonly #budget: Budget
  #owner: string
  #bytes = 0
  #isReleased = false

  constructor(budget: Budget, owner: string) {
    this.#budget = budget
    this.#owner = owner
  }

  /** Holds this many bytes from now on. Answers false, and holds what it held, when that does not fit. */
  resize(bytes: number): boolean {
    // The rest of a body may still arrive after its call was refused; nobody keeps it.
    if (this.#isReleased) return true
    const more = bytes - this.#bytes
    if (!this.#budget.fits(this.#owner, more)) return false
    this.#budget.add(this.#owner, more)
    this.#bytes = bytes
    return true
  }

  /** What is held counts for another owner from now on. */
  moveTo(owner: string): void {
    this.#budget.add(this.#owner, -this.#bytes)
    this.#owner = owner
    this.#budget.add(owner, this.#bytes)
  }

  release(): void {
    this.#budget.add(this.#owner, -this.#bytes)
    this.#bytes = 0
    this.#isReleased = true
  }
}
