import { randomBytes } from 'node:crypto'

/** A call that was not taken. What its sender chose is cut. */
export interface RefusedCall {
  /** 0 where the connection ended before any route saw it. */
  readonly status: number
  readonly reason: string
  /** That the call named, whether or not it exists; empty where none is known. */
  readonly source: string
  /** Of the page; empty where no browser sent it. */
  readonly origin: string
  readonly route: string
  readonly client: string
}

/** Refused calls that are alike in everything but the client. */
export interface RefusalGroup extends RefusedCall {
  /** The same for as long as the group is kept. */
  readonly number: number
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export interface RefusalPage {
  readonly cursor: string
  readonly isRestarted: boolean
  /** All refused calls since the process began. */
  readonly total: number
  /** The latest first. */
  readonly groups: readonly RefusalGroup[]
}

const MAX_GROUPS = 100
const MAX_REASON = 300
const MAX_NAME = 100

interface Kept {
  group: RefusalGroup
  changedAt: number
}

/** The latest refused calls of this process, counted by what they have in common. At most 100 of 700 characters are kept. */
export class Refusals {
  readonly #id = randomBytes(6).toString('hex')
  /** The latest last. */
  readonly #kept = new Map<string, Kept>()
  #total = 0
  #groups = 0

  record(call: RefusedCall, nowMs: number): void {
    const refused = {
      status: call.status,
      reason: call.reason.slice(0, MAX_REASON),
      source: call.source.slice(0, MAX_NAME),
      origin: call.origin.slice(0, MAX_NAME),
      route: call.route,
      client: call.client,
    }
    const { status, reason, source, origin, route } = refused
    const key = JSON.stringify([status, reason, source, origin, route])
    const known = this.#kept.get(key)?.group
    this.#kept.delete(key)
    this.#total += 1
    if (known === undefined) this.#groups += 1
    const group = {
      ...refused,
      number: known?.number ?? this.#groups,
      count: (known?.count ?? 0) + 1,
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
    }
    this.#kept.set(key, { group, changedAt: this.#total })
    if (this.#kept.size > MAX_GROUPS) this.#kept.delete(this.#kept.keys().next().value as string)
  }

  /** @param after only what has changed since. @default everything that is kept */
  page(after: string | undefined): RefusalPage {
    const [, id, total] = /^(\w+)\.(\d{1,15})$/.exec(after ?? '') ?? []
    const since = id === this.#id ? Number(total) : 0
    const groups = [...this.#kept.values()]
      .filter(({ changedAt }) => changedAt > since)
      .map(({ group }) => group)
      .reverse()
    const isRestarted = after !== undefined && id !== this.#id
    return { cursor: `${this.#id}.${this.#total}`, isRestarted, total: this.#total, groups }
  }
}
