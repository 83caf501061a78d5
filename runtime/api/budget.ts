/** A limit on what is held in memory at once. */
export class Budget {
  readonly limit: number
  used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  hold(): Hold {
    return new Hold(this)
  }
}

/** What one call takes of the budget. */
export class Hold {
  readonly #budget: Budget
  #bytes = 0
  #released = false

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Holds so much from now on, or what it held before if that was more. Answers false when it does not fit. */
  atLeast(bytes: number): boolean {
    // The rest of a body may still arrive after its call was refused; nobody keeps it.
    if (this.#released) return true
    const more = Math.max(0, bytes - this.#bytes)
    const fits = this.#budget.used + more <= this.#budget.limit
    if (!fits) return false
    this.#budget.used += more
    this.#bytes += more
    return true
  }

  release(): void {
    this.#budget.used -= this.#bytes
    this.#bytes = 0
    this.#released = true
  }
}
