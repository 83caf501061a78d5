import { messageOf } from './errors.ts'

/** What a program needs to do its work, and whether it has it at this moment. */
export interface Dependency {
  readonly name: string
  /** Reported like any other, but a process becomes ready without it, because no restart can fix it. @default false */
  readonly isAdvisory?: boolean
  /** Answers why it is missing, or nothing when all is well. Must not take longer than a probe waits. */
  check(): Promise<string | undefined>
}

export interface Readiness {
  /** `degraded`: it serves, and answers its callers itself, but a dependency is down. */
  readonly status: 'starting' | 'ready' | 'degraded' | 'stopping'
  readonly dependencies: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>
}

/**
 * Whether a process should get work. Once every dependency was reached, it stays in service while one is down. The outage
 * affects every replica, and removing them all would replace a 503 with `Retry-After` by a refused connection.
 */
export class Health {
  readonly #dependencies: readonly Dependency[]
  #started = false
  #stopping = false

  constructor(dependencies: readonly Dependency[]) {
    this.#dependencies = dependencies
  }

  stopping(): void {
    this.#stopping = true
  }

  async readiness(): Promise<Readiness> {
    const checked = await Promise.all(this.#dependencies.map(async (one) => [one.name, await reasonOf(one)] as const))
    const allOk = checked.every(([, reason]) => reason === undefined)
    const isMissing = (name: string) => checked.some(([one, reason]) => one === name && reason !== undefined)
    this.#started ||= this.#dependencies.every(({ name, isAdvisory }) => isAdvisory || !isMissing(name))
    const dependencies = Object.fromEntries(
      checked.map(([name, reason]) => [name, reason === undefined ? { ok: true } : { ok: false, reason }]),
    )
    return { status: this.#status(allOk), dependencies }
  }

  #status(allOk: boolean): Readiness['status'] {
    if (this.#stopping) return 'stopping'
    if (!this.#started) return 'starting'
    return allOk ? 'ready' : 'degraded'
  }
}

/** A check that throws counts as a dependency that is down. */
async function reasonOf(dependency: Dependency): Promise<string | undefined> {
  try {
    return await dependency.check()
  } catch (error) {
    return messageOf(error)
  }
}
