import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuidV7 } from 'uuid'

export interface LoadOptions {
  readonly eventsPerSecond: number
  readonly eventsPerCall: number
  /** How far the time in the ids is ahead, in milliseconds: it chooses the index. @default 0 */
  readonly aheadMs?: number
}

/** Sends at a constant rate; what is not answered 200 is not sent again. */
export class Load {
  readonly accepted = new Set<string>()
  lastStatus = 0
  #sends = true
  #stopped = false
  readonly #options: LoadOptions
  readonly #underWay = new Set<Promise<void>>()
  readonly #running: Promise<void>

  /** @param url of the API. */
  constructor(url: string, options: LoadOptions) {
    this.#options = options
    this.#running = this.#run(`${url}/track`)
  }

  async #run(url: string): Promise<void> {
    const { eventsPerCall, eventsPerSecond } = this.#options
    const everyMs = (1000 * eventsPerCall) / eventsPerSecond
    for (let dueMs = performance.now() + everyMs; !this.#stopped; dueMs += everyMs) {
      await sleep(Math.max(0, dueMs - performance.now()))
      if (!this.#sends) continue
      const sent = this.#send(url).finally(() => this.#underWay.delete(sent))
      this.#underWay.add(sent)
    }
  }

  async #send(url: string): Promise<void> {
    const msecs = Date.now() + (this.#options.aheadMs ?? 0)
    const ids = Array.from({ length: this.#options.eventsPerCall }, () => uuidV7({ msecs }))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(callOf(ids)) })
    await response.text()
    this.lastStatus = response.status
    if (response.status === 200) for (const id of ids) this.accepted.add(id)
  }

  /** Sends nothing until `go`, and waits for the answers. */
  async pause(): Promise<void> {
    this.#sends = false
    await Promise.all(this.#underWay)
  }

  go(): void {
    this.#sends = true
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await Promise.all(this.#underWay)
  }
}

export function callOf(ids: readonly string[]) {
  return { source: { id: 'my-source' }, events: ids.map((id) => ({ id, type: 'page-view' })) }
}
