/**
 * One owner may hold this many times what is left for all others. So one alone gets four fifths, two get four ninths each,
 * and the next one always gets some. In the buffers of switches this is called dynamic thresholds.
 */
const SHARE_OF_REMAINDER = 4

/** What the calls of one owner hold at present. */
interface Share {
  readonly owner: string
  bytes: number
  calls: number
}

/** A limit on memory, shared fairly among owners: a source, or an address whose source is not known yet. */
export class Budget {
  readonly limit: number
  used = 0
  readonly #shares = new Map<string, Share>()

  constructor(limit: number) {
    this.limit = limit
  }

  hold(owner: string): Hold {
    return new Hold(this, owner)
  }

  /** The share of an owner for one call more, until the call leaves it. */
  enter(owner: string): Share {
    const share = this.#shares.get(owner) ?? { owner, bytes: 0, calls: 0 }
    if (share.calls === 0) this.#shares.set(owner, share)
    share.calls += 1
    return share
  }

  leave(share: Share): void {
    share.calls -= 1
    if (share.calls === 0) this.#shares.delete(share.owner)
  }

  /** Whether the owner may hold this many bytes more. */
  fits(share: Share, more: number): boolean {
    if (more <= 0) return true
    const left = this.limit - this.used
    return more <= left && share.bytes + more <= SHARE_OF_REMAINDER * (left - more)
  }

  add(share: Share, bytes: number): void {
    this.used += bytes
    share.bytes += bytes
  }
}

/** What one call takes of the budget. */
export class Hold {
  readonly #budget: Budget
  #share: Share
  #bytes = 0
  #isReleased = false

  constructor(budget: Budget, owner: string) {
    this.#budget = budget
    this.#share = budget.enter(owner)
  }

  /** Holds this many bytes from now on. Answers false, and holds what it held, when that does not fit. */
  resize(bytes: number): boolean {
    // The rest of a body may still arrive after its call was refused; nobody keeps it.
    if (this.#isReleased) return true
    const more = bytes - this.#bytes
    if (!this.#budget.fits(this.#share, more)) return false
    this.#budget.add(this.#share, more)
    this.#bytes = bytes
    return true
  }

  /** What is held counts for another owner from now on. */
  moveTo(owner: string): void {
    const bytes = this.#bytes
    this.#leave()
    this.#share = this.#budget.enter(owner)
    this.#budget.add(this.#share, bytes)
  }

  release(): void {
    if (this.#isReleased) return
    this.#leave()
    this.#bytes = 0
    this.#isReleased = true
  }

  #leave(): void {
    this.#budget.add(this.#share, -this.#bytes)
    this.#budget.leave(this.#share)
  }
}
