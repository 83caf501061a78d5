import { setTimeout as sleep } from 'node:timers/promises'

/** As the command `tail` asks. */
const EVERY_MS = 500

interface Page {
  readonly cursor: string
}

/** Somebody who looks at the events of one API without a filter. */
export class Viewer {
  readonly #stop = new AbortController()
  readonly #looking: Promise<void>

  constructor(privateUrl: string, token: string) {
    this.#looking = this.#look(`${privateUrl}/console/events`, { authorization: `Bearer ${token}` })
  }

  async #look(url: string, headers: Record<string, string>): Promise<void> {
    let cursor = ''
    while (!this.#stop.signal.aborted) {
      const answer = await fetch(cursor === '' ? url : `${url}?after=${encodeURIComponent(cursor)}`, { headers })
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
      cursor = ((await answer.json()) as Page).cursor
      await sleep(EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#looking
  }
}
