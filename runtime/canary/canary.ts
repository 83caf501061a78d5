import { createHmac } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import { request } from 'undici'
import { v7 as uuidV7 } from 'uuid'
import type { Clock } from '../clock.ts'
import type { Config, SharedConfig } from '../config.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { CANARY_SOURCE, indicesOf } from '../names.ts'
import { deleteFound } from '../search/delete-found.ts'
import { sourceSuffix } from '../search/documents.ts'
import { canaryTemplateOf } from '../search/templates.ts'
import { makeIndex } from '../search/upkeep.ts'
import type { CanaryMetrics, Stage } from './metrics.ts'

const MINUTE_MS = 60_000
/** Maximum wait for one answer. */
const ANSWER_MS = 10_000
/** Time between two searches. The measured time is at most this much too long. */
const SEARCH_EVERY_MS = 1000

export interface CanaryOptions {
  readonly config: SharedConfig & Pick<Config, 'canaryUrl' | 'canaryWaitSeconds'>
  readonly client: Client
  readonly metrics: CanaryMetrics
  readonly log: Logger
  readonly clock: Clock
}

/** The secret of the source of the canary: the same in every API of a stack, and no credential of anything else. */
export function canarySecret({ privateToken }: Pick<Config, 'privateToken'>): string {
  return createHmac('sha256', privateToken).update(CANARY_SOURCE).digest('hex')
}

/**
 * Proves each minute that an event which is sent to the public address is found by a search. Of all APIs, the first to claim the minute in the
 * index of the canary sends it. A found event is deleted; what is left, claims too, after a day.
 */
export class Canary {
  readonly #options: CanaryOptions
  readonly #index: string
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #beating: Promise<void> | undefined

  constructor(options: CanaryOptions) {
    this.#options = options
    this.#index = indicesOf(options.config).canary
  }

  start(): void {
    this.#beating = this.#beat()
  }

  /** Ends what is under way. It counts neither as found nor as failed. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#beating
    await Promise.all(this.#running)
  }

  async #beat(): Promise<void> {
    const { clock } = this.#options
    for (;;) {
      try {
        await clock.sleep(MINUTE_MS - (clock.wallMs() % MINUTE_MS), this.#stop.signal)
      } catch {
        return
      }
      // One that takes longer than a minute holds up no other.
      const running = this.#send(Math.round(clock.wallMs() / MINUTE_MS)).finally(() => this.#running.delete(running))
      this.#running.add(running)
    }
  }

  async #send(minute: number): Promise<void> {
    const { metrics, log, clock } = this.#options
    let stage: Stage = 'claim'
    try {
      if (!(await this.#claim(minute))) return
      const sentAtMs = clock.nowMs()
      const id = uuidV7()
      stage = 'call'
      await this.#call(id)
      stage = 'store'
      await this.#untilFound(id, sentAtMs)
      metrics.found((clock.nowMs() - sentAtMs) / 1000)
      await this.#clean(id)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      metrics.failed(stage)
      log.warn({ stage, reason: messageOf(error) }, 'the event of the canary failed')
    }
  }

  /** Whether this process sends the event of the minute. */
  async #claim(minute: number): Promise<boolean> {
    const { client, config, clock } = this.#options
    const isThere = await client.indices.exists({ index: this.#index }, { requestTimeout: ANSWER_MS })
    if (!isThere) await makeIndex(client, canaryTemplateOf(config), this.#index, ANSWER_MS)
    const document = {
      type: 'canary-claim',
      metadata: { time: { insert: new Date(clock.wallMs()).toISOString() } },
      source: { id: CANARY_SOURCE },
    }
    const { statusCode } = await client.create(
      { index: this.#index, id: `claim~${minute}`, document },
      { meta: true, ignore: [409], requestTimeout: ANSWER_MS },
    )
    return statusCode !== 409
  }

  async #call(id: string): Promise<void> {
    const { config } = this.#options
    const { statusCode, body } = await request(`${config.canaryUrl}/track`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${canarySecret(config)}` },
      body: JSON.stringify({
        source: { id: CANARY_SOURCE },
        events: [{ id, type: 'canary' }],
        options: { saveSession: false, saveProfile: false },
      }),
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${config.canaryUrl} answered ${statusCode}: ${text.slice(0, 200)}`)
  }

  async #untilFound(id: string, sentAtMs: number): Promise<void> {
    const { client, config, clock } = this.#options
    const waitMs = config.canaryWaitSeconds * 1000
    for (;;) {
      const { count } = await client.count(
        { index: this.#index, query: { term: { id } } },
        { requestTimeout: ANSWER_MS },
      )
      if (count > 0) return
      if (clock.nowMs() - sentAtMs >= waitMs)
        throw new Error(`the API accepted it, and no search found it within ${config.canaryWaitSeconds} s`)
      await clock.sleep(SEARCH_EVERY_MS, this.#stop.signal)
    }
  }

  async #clean(id: string): Promise<void> {
    const { client, log } = this.#options
    try {
      await client.delete({ index: this.#index, id: `${id}${sourceSuffix(CANARY_SOURCE)}` })
      await deleteFound(client, this.#index, { range: { 'metadata.time.insert': { lt: 'now-1d' } } })
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'events of the canary were not deleted; the next one tries again')
    }
  }
}
